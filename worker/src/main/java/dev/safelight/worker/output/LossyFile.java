package dev.safelight.worker.output;

import com.luciad.imageio.webp.WebPImageWriterSpi;
import com.luciad.imageio.webp.WebPWriteParam;
import dev.safelight.common.request.ImageFormat;
import dev.safelight.worker.decode.Picture;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Writes JPEG, by the JDK's encoder, and WebP, by libwebp. The same picture and quality give the same bytes on the same
 * platform. Nothing is said in the file of where it comes from.
 */
final class LossyFile {
    private LossyFile() {}

    /**
     * @throws IllegalStateException when the format cannot be written, here or in this size: trying again is no use
     */
    static byte[] encode(Picture picture, ImageFormat.Choice choice) {
        ByteArrayOutputStream file = new ByteArrayOutputStream(picture.pixels().length / 4 + 1024);
        ImageWriter writer = null;
        // In memory: what ImageIO keeps in files nobody would remove.
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(file)) {
            writer = writer(choice.format());
            ImageWriteParam settings = settings(writer, choice);
            writer.setOutput(out);
            writer.write(null, new IIOImage(image(picture, choice.format()), null, null), settings);
        } catch (IOException | LinkageError e) {
            throw new IllegalStateException("the image cannot be written as " + choice.format() + ": " + e, e);
        } finally {
            if (writer != null) {
                writer.dispose();
            }
        }
        return file.toByteArray();
    }

    private static ImageWriter writer(ImageFormat format) throws IOException {
        if (format == ImageFormat.WEBP) {
            Libwebp.prepare();
            return new WebPImageWriterSpi().createWriterInstance(null);
        }
        for (Iterator<ImageWriter> writers = ImageIO.getImageWritersByMIMEType(format.mediaType());
                writers.hasNext(); ) {
            ImageWriter writer = writers.next();
            // Of the JDK's own, whatever else lies on the class path.
            if (writer.getClass().getName().startsWith("com.sun.imageio.")) {
                return writer;
            }
        }
        throw new IOException("no writer for " + format.mediaType());
    }

    private static ImageWriteParam settings(ImageWriter writer, ImageFormat.Choice choice) {
        if (choice.format() == ImageFormat.WEBP) {
            WebPWriteParam settings = new WebPWriteParam(Locale.ROOT);
            settings.setCompressionType("Lossy");
            settings.setCompressionQuality(choice.quality() / 100f);
            return settings;
        }
        ImageWriteParam settings = writer.getDefaultWriteParam();
        settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        settings.setCompressionQuality(choice.quality() / 100f);
        return settings;
    }

    /** JPEG knows grey pictures; the writer of WebP would take greys for linear light, so it gets three equal colours. */
    private static BufferedImage image(Picture picture, ImageFormat format) {
        boolean grey = picture.channels() == 1;
        int type = grey && format == ImageFormat.JPEG ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR;
        BufferedImage image = new BufferedImage(picture.width(), picture.height(), type);
        byte[] samples = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
        byte[] pixels = picture.pixels();
        if (samples.length == pixels.length && grey) {
            System.arraycopy(pixels, 0, samples, 0, pixels.length);
            return image;
        }
        for (int place = 0; place < samples.length / 3; place++) {
            for (int colour = 0; colour < 3; colour++) {
                samples[3 * place + 2 - colour] = grey ? pixels[place] : pixels[3 * place + colour];
            }
        }
        return image;
    }

    /** The native library, which unpacks itself into a folder of our own: left alone it walks all temporary files first. */
    private static final class Libwebp {
        private static final String FOLDER = "com.luciad.imageio.webp.tmpdir";

        static synchronized void prepare() throws IOException {
            if (System.getProperty(FOLDER) == null) {
                var folder = Files.createTempDirectory("safelight-webp-");
                folder.toFile().deleteOnExit();
                System.setProperty(FOLDER, folder.toString());
            }
        }
    }
}
