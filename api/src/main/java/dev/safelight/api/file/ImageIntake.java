package dev.safelight.api.file;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Takes a stranger's image: walks its structure first, which costs no memory whatever it declares, decodes only what is
 * small enough, turns it upright and writes it anew. So what is stored holds nothing but pixels.
 */
public final class ImageIntake {
    /** Each holds the pixels of one image two or three times over. */
    private static final int AT_ONCE = 2;

    private final ImageLimits limits;
    private final Semaphore places = new Semaphore(AT_ONCE, true);

    /** @param pixels the most that an image may have */
    public ImageIntake(int pixels) {
        this.limits = new ImageLimits(pixels);
        // Copies on the disk would have to be cleared away.
        ImageIO.setUseCache(false);
    }

    /**
     * @param mediaType what the client says that it is
     * @throws UnusableImage when it is not, or is none that we take
     */
    Normalised take(String mediaType, byte[] bytes) throws UnusableImage, InterruptedException {
        Bytes file = new Bytes(bytes);
        String found = mediaType(file);
        if (!found.equals(mediaType)) {
            throw UnusableImage.mismatch("the Content-Type is " + mediaType + ", the body is " + found);
        }
        return taken(found, file);
    }

    /** An image of which nobody said what it is. */
    Normalised take(byte[] bytes) throws UnusableImage, InterruptedException {
        Bytes file = new Bytes(bytes);
        return taken(mediaType(file), file);
    }

    private static String mediaType(Bytes file) throws UnusableImage {
        if (PngFile.is(file)) {
            return "image/png";
        }
        if (JpegFile.is(file)) {
            return "image/jpeg";
        }
        if (WebpFile.is(file)) {
            return "image/webp";
        }
        throw UnusableImage.malformed("the body is neither PNG nor JPEG nor WebP");
    }

    private Normalised taken(String found, Bytes file) throws UnusableImage, InterruptedException {
        Inspected image = switch (found) {
            case "image/png" -> PngFile.inspect(file, limits);
            case "image/jpeg" -> JpegFile.inspect(file, limits);
            default -> WebpFile.inspect(file, limits);
        };
        places.acquire();
        try {
            return normalised(decoded(found, image), image.orientation());
        } finally {
            places.release();
        }
    }

    private static BufferedImage decoded(String mediaType, Inspected image) throws UnusableImage {
        ImageReader reader = reader(mediaType);
        boolean[] broken = {false};
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(image.clean()))) {
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
        if (!mediaType.equals("image/webp")) {
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

    private static Normalised normalised(BufferedImage decoded, int orientation) {
        boolean turned = orientation >= 5;
        int width = turned ? decoded.getHeight() : decoded.getWidth();
        int height = turned ? decoded.getWidth() : decoded.getHeight();
        ColorModel colors = decoded.getColorModel();
        BufferedImage upright = new BufferedImage(
                width, height, colors.hasAlpha() ? BufferedImage.TYPE_INT_ARGB : BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = upright.createGraphics();
        try {
            graphics.drawImage(decoded, turn(orientation, decoded.getWidth(), decoded.getHeight()), null);
        } finally {
            graphics.dispose();
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(upright, "png", png)) {
                throw new IIOException("no writer for PNG");
            }
        } catch (IOException e) {
            throw new IllegalStateException("every JDK writes PNG into memory", e);
        }
        return new Normalised(width, height, png.toByteArray());
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
