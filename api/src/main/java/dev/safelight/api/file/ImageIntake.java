package dev.safelight.api.file;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import dev.safelight.api.outbound.TenantShares;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;

/**
 * Takes a stranger's image: walks its structure first, which costs no memory whatever it declares, decodes only what is
 * small enough, turns it upright and writes it anew. So what is stored holds nothing but pixels.
 */
public final class ImageIntake {
    /** Each holds up to twelve bytes for each pixel of an image that may be taken. */
    private static final int AT_ONCE = 2;
    /** Its decoder holds all the blocks of a lossy image as objects, up to thirty bytes for each pixel. */
    private static final String WEBP = "image/webp";

    /** Rows that are converted at a time. */
    private static final int STRIP = 32;

    private final ImageLimits limits;
    private final Semaphore places = new Semaphore(AT_ONCE, true);
    /** As much as there is; but of those who wait in the one line, none has more than these. */
    private final TenantShares shares = new TenantShares(AT_ONCE);

    /** @param pixels the most that an image may have */
    public ImageIntake(int pixels) {
        this.limits = new ImageLimits(pixels);
        // Copies on the disk would have to be cleared away.
        ImageIO.setUseCache(false);
    }

    /** What is done with an image: taking it and storing what was taken. */
    interface Work<T> {
        T run() throws UnusableImage, IOException;
    }

    /**
     * Waits for one of the few places in memory, or where it takes more for all of them, and does it there.
     *
     * @param mediaType of the image
     */
    <T> T place(String tenantId, String mediaType, Work<T> work)
            throws UnusableImage, IOException, InterruptedException {
        int needed = mediaType.equals(WEBP) ? AT_ONCE : 1;
        shares.acquire(tenantId);
        try {
            places.acquire(needed);
            try {
                return work.run();
            } finally {
                places.release(needed);
            }
        } finally {
            shares.release(tenantId);
        }
    }

    /**
     * Only in a {@link #place}.
     *
     * @param mediaType what the client says that it is
     * @param file overwritten
     * @throws UnusableImage when it is not, or is none that we take
     */
    Normalised take(String mediaType, Bytes file) throws UnusableImage {
        String found = mediaType(file);
        if (!found.equals(mediaType)) {
            throw UnusableImage.mismatch("the Content-Type is " + mediaType + ", the body is " + found);
        }
        Inspected image = switch (found) {
            case "image/png" -> PngFile.inspect(file, limits);
            case "image/jpeg" -> JpegFile.inspect(file, limits);
            default -> WebpFile.inspect(file, limits);
        };
        return normalised(upright(plain(decoded(found, image)), image.orientation()));
    }

    /** What an image is of which nobody said it. */
    static String mediaType(Bytes file) throws UnusableImage {
        if (PngFile.is(file)) {
            return "image/png";
        }
        if (JpegFile.is(file)) {
            return "image/jpeg";
        }
        if (WebpFile.is(file)) {
            return WEBP;
        }
        throw UnusableImage.malformed("the body is neither PNG nor JPEG nor WebP");
    }

    private static BufferedImage decoded(String mediaType, Inspected image) throws UnusableImage {
        ImageReader reader = reader(mediaType);
        boolean[] broken = {false};
        Bytes file = image.clean();
        try (ImageInputStream in = new ByteArrayImageInputStream(file.all(), 0, file.length())) {
            // The JPEG decoder fills up what is missing, and only mentions it.
            reader.addIIOReadWarningListener((source, warning) ->
                    broken[0] |= warning.contains("Premature") || warning.contains("Corrupt JPEG"));
            reader.setInput(in, true, true);
            if (reader.getWidth(0) != image.width() || reader.getHeight(0) != image.height()) {
                throw UnusableImage.malformed("the image declares two sizes");
            }
            BufferedImage decoded = reader.read(0);
            if (broken[0]) {
                throw UnusableImage.truncated();
            }
            return decoded;
        } catch (IOException | RuntimeException e) {
            // A decoder's way to say that it does not like what it reads includes every exception there is.
            throw UnusableImage.malformed("the image cannot be decoded");
        } finally {
            reader.dispose();
        }
    }

    private static ImageReader reader(String mediaType) {
        if (!mediaType.equals(WEBP)) {
            // Of the JDK's own, whatever else lies on the class path.
            for (var readers = ImageIO.getImageReadersByMIMEType(mediaType); readers.hasNext(); ) {
                ImageReader reader = readers.next();
                if (reader.getClass().getName().startsWith("com.sun.imageio.")) {
                    return reader;
                }
            }
            throw new IllegalStateException("every JDK reads " + mediaType);
        }
        try {
            ImageReaderSpi webp = new WebPImageReaderSpi();
            return webp.createReaderInstance(null);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** With 8 bits a sample. Strip by strip, because of what is drawn the JDK makes a copy first. */
    private static BufferedImage plain(BufferedImage decoded) {
        int width = decoded.getWidth();
        int height = decoded.getHeight();
        int type = decoded.getColorModel().hasAlpha() ? BufferedImage.TYPE_INT_ARGB : BufferedImage.TYPE_INT_RGB;
        BufferedImage plain = new BufferedImage(width, height, type);
        Graphics2D graphics = plain.createGraphics();
        try {
            for (int y = 0; y < height; y += STRIP) {
                graphics.drawImage(decoded.getSubimage(0, y, width, Math.min(STRIP, height - y)), 0, y, null);
            }
        } finally {
            graphics.dispose();
        }
        return plain;
    }

    private static BufferedImage upright(BufferedImage plain, int orientation) {
        if (orientation == 1) {
            return plain;
        }
        boolean turned = orientation >= 5;
        int width = turned ? plain.getHeight() : plain.getWidth();
        int height = turned ? plain.getWidth() : plain.getHeight();
        BufferedImage upright = new BufferedImage(width, height, plain.getType());
        Graphics2D graphics = upright.createGraphics();
        try {
            graphics.drawImage(plain, turn(orientation, plain.getWidth(), plain.getHeight()), null);
        } finally {
            graphics.dispose();
        }
        return upright;
    }

    private static Normalised normalised(BufferedImage upright) {
        Pieces png = new Pieces();
        try {
            if (!ImageIO.write(upright, "png", png)) {
                throw new IIOException("no writer for PNG");
            }
        } catch (IOException e) {
            throw new IllegalStateException("every JDK writes PNG into memory", e);
        }
        return new Normalised(upright.getWidth(), upright.getHeight(), png.toByteArray());
    }

    /** What brings an image upright whose EXIF orientation is this; exact, because it only swaps and mirrors axes. */
    private static AffineTransform turn(int orientation, int width, int height) {
        return switch (orientation) {
            case 2 -> new AffineTransform(-1, 0, 0, 1, width, 0);
            case 3 -> new AffineTransform(-1, 0, 0, -1, width, height);
            case 4 -> new AffineTransform(1, 0, 0, -1, 0, height);
            case 5 -> new AffineTransform(0, 1, 1, 0, 0, 0);
            case 6 -> new AffineTransform(0, 1, -1, 0, height, 0);
            case 7 -> new AffineTransform(0, -1, -1, 0, height, width);
            case 8 -> new AffineTransform(0, -1, 1, 0, 0, width);
            default -> new AffineTransform();
        };
    }
}
