package dev.safelight.worker.encode;

import dev.safelight.worker.decode.Picture;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import javax.imageio.ImageIO;

/** Reads the PNG files that the API stores: it has redrawn them itself, so nothing of a stranger's is left in them. */
public final class PictureFile {
    private PictureFile() {}

    /**
     * In colour; what is transparent is white.
     *
     * @throws IOException when it is none
     */
    public static Picture read(byte[] png) throws IOException {
        BufferedImage decoded;
        // Without this method's cache, whose files nobody would remove.
        try (InputStream in = new ByteArrayInputStream(png)) {
            ImageIO.setUseCache(false);
            decoded = ImageIO.read(in);
        }
        if (decoded == null) {
            throw new IOException("the stored image cannot be decoded");
        }
        BufferedImage flat = new BufferedImage(decoded.getWidth(), decoded.getHeight(), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = flat.createGraphics();
        try {
            graphics.drawImage(decoded, 0, 0, Color.WHITE, null);
        } finally {
            graphics.dispose();
        }
        int[] colours = ((DataBufferInt) flat.getRaster().getDataBuffer()).getData();
        byte[] pixels = new byte[3 * colours.length];
        for (int i = 0; i < colours.length; i++) {
            pixels[3 * i] = (byte) (colours[i] >> 16);
            pixels[3 * i + 1] = (byte) (colours[i] >> 8);
            pixels[3 * i + 2] = (byte) colours[i];
        }
        return new Picture(flat.getWidth(), flat.getHeight(), 3, pixels);
    }
}
