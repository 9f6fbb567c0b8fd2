package dev.safelight.worker.output;

import dev.safelight.worker.decode.Picture;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes PNG files (W3C Portable Network Graphics, third edition) of 8 bits a sample, gray or RGB, with text chunks.
 * The same input gives the same bytes. Not javax.imageio, which would load the whole of AWT into a worker to write one
 * format, and hides text chunks behind a document tree.
 */
public final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int GRAY = 0;
    private static final int RGB = 2;

    private Png() {}

    public static byte[] encode(Picture picture, Map<String, String> text) {
        return encode(picture.width(), picture.height(), picture.channels(), picture.pixels(), text);
    }

    /**
     * @param channels 1 (gray) or 3 (red, green, blue)
     * @param pixels height × width × channels samples, row by row from the top, channels innermost
     * @param text what to say about the picture, by keyword, in this order; keywords have 1 to 79 ASCII characters
     */
    public static byte[] encode(int width, int height, int channels, byte[] pixels, Map<String, String> text) {
        if (channels != 1 && channels != 3) {
            throw new IllegalArgumentException("a picture has 1 or 3 channels, not " + channels);
        }
        if (width < 1
                || height < 1
                || pixels.length != Math.multiplyExact(Math.multiplyExact(width, height), channels)) {
            throw new IllegalArgumentException(
                    pixels.length + " samples are no picture of " + width + "×" + height + "×" + channels);
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream(pixels.length / 2 + 1024);
        file.writeBytes(SIGNATURE);
        chunk(file, "IHDR", header(width, height, channels == 1 ? GRAY : RGB));
        text.forEach((keyword, value) -> text(file, keyword, value));
        chunk(file, "IDAT", deflate(PngFilter.filter(pixels, width * channels, channels)));
        chunk(file, "IEND", new byte[0]);
        return file.toByteArray();
    }

    private static byte[] header(int width, int height, int colour) {
        return ByteBuffer.allocate(13)
                .putInt(width)
                .putInt(height)
                .put((byte) 8) // bits a sample
                .put((byte) colour)
                .put((byte) 0) // deflate
                .put((byte) 0) // the five filters
                .put((byte) 0) // not interlaced
                .array();
    }

    /** As tEXt, which every reader knows, where the text is ASCII, and as iTXt, which is UTF-8, elsewhere. */
    private static void text(ByteArrayOutputStream file, String keyword, String value) {
        if (!keyword.matches("[!-~]+( [!-~]+)*") || keyword.length() > 79) {
            throw new IllegalArgumentException("not a keyword of PNG: " + keyword);
        }
        boolean ascii = StandardCharsets.US_ASCII.newEncoder().canEncode(value);
        // Behind the keyword's end in iTXt: not compressed, by no method, in no language, the keyword not translated.
        byte[] before = ascii ? new byte[1] : new byte[5];
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        data.writeBytes(keyword.getBytes(StandardCharsets.US_ASCII));
        data.writeBytes(before);
        data.writeBytes(value.replace("\0", "").getBytes(StandardCharsets.UTF_8));
        chunk(file, ascii ? "tEXt" : "iTXt", data.toByteArray());
    }

    private static byte[] deflate(byte[] bytes) {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream(bytes.length / 2 + 64);
        try (Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION)) {
            deflater.setInput(bytes);
            deflater.finish();
            byte[] buffer = new byte[8192];
            while (!deflater.finished()) {
                compressed.write(buffer, 0, deflater.deflate(buffer));
            }
        }
        return compressed.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream file, String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 check = new CRC32();
        check.update(name);
        check.update(data);
        file.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
        file.writeBytes(name);
        file.writeBytes(data);
        file.writeBytes(ByteBuffer.allocate(4).putInt((int) check.getValue()).array());
    }
}
