package dev.safelight.api.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The chunks of a WebP (RFC 9649): which of them there are, and whether the sizes they declare agree. */
final class WebpFile {
    private static final int RIFF_HEADER = 12;
    private static final int ALPHA = 0x10;
    private static final int ANIMATION = 0x02;

    private final Bytes file;
    private final Kept kept;
    private int canvasWidth;
    private int canvasHeight;
    private int width;
    private int height;
    private int orientation = 1;

    private WebpFile(Bytes file) {
        this.file = file;
        this.kept = new Kept(file);
    }

    static boolean is(Bytes file) {
        return file.startsWith('R', 'I', 'F', 'F')
                && file.length() >= RIFF_HEADER
                && new String(file.all(), 8, 4, StandardCharsets.ISO_8859_1).equals("WEBP");
    }

    /** @param file only what is kept of it is there afterwards @param limits asked as soon as a size has been read */
    static Inspected inspect(Bytes file, ImageLimits limits) throws UnusableImage {
        return new WebpFile(file).walk(limits);
    }

    private Inspected walk(ImageLimits limits) throws UnusableImage {
        long end = 8 + file.u32little(4);
        file.need(0, end);
        if (end != file.length()) {
            throw UnusableImage.trailing(file.length() - end);
        }
        kept.keep(0, RIFF_HEADER);
        long at = RIFF_HEADER;
        while (at < end) {
            String name = file.name(at);
            long length = file.u32little(at + 4);
            long next = at + 8 + length + (length & 1);
            file.need(at, next - at);
            chunk(name, (int) at, (int) length, (int) next, limits);
            at = next;
        }
        if (width == 0) {
            throw UnusableImage.truncated();
        }
        if (canvasWidth != 0 && (canvasWidth != width || canvasHeight != height)) {
            throw UnusableImage.malformed("the WebP declares two sizes");
        }
        return new Inspected(width, height, decodedBytes(width, height), orientation, resized());
    }

    private void chunk(String name, int at, int length, int next, ImageLimits limits) throws UnusableImage {
        int data = at + 8;
        switch (name) {
            case "VP8X" -> {
                if (canvasWidth != 0 || width != 0 || length != 10) {
                    throw UnusableImage.malformed("the header of the WebP is in the wrong place");
                }
                if ((file.u8(data) & ANIMATION) != 0) {
                    throw UnusableImage.unsupported("the WebP is animated");
                }
                canvasWidth = file.u24little(data + 4) + 1;
                canvasHeight = file.u24little(data + 7) + 1;
                limits.check(canvasWidth, canvasHeight, decodedBytes(canvasWidth, canvasHeight));
                // What the other flags announce is left out.
                file.all()[data] &= ALPHA;
                kept.keep(at, next - at);
            }
            case "VP8 " -> {
                frame();
                if (file.u8(data + 3) != 0x9D || file.u8(data + 4) != 0x01 || file.u8(data + 5) != 0x2A) {
                    throw UnusableImage.malformed("the WebP has no key frame");
                }
                width = file.u16little(data + 6) & 0x3FFF;
                height = file.u16little(data + 8) & 0x3FFF;
                keep(at, next, limits);
            }
            case "VP8L" -> {
                frame();
                if (file.u8(data) != 0x2F) {
                    throw UnusableImage.malformed("the WebP has no lossless frame");
                }
                long sizes = file.u32little(data + 1);
                width = (int) (sizes & 0x3FFF) + 1;
                height = (int) (sizes >> 14 & 0x3FFF) + 1;
                keep(at, next, limits);
            }
            case "ALPH" -> kept.keep(at, next - at);
            case "EXIF" -> orientation = Exif.orientation(file.all(), data, length);
            case "ANIM", "ANMF" -> throw UnusableImage.unsupported("the WebP is animated");
            default -> {
                // A profile, a text, or something that decoders pass over.
            }
        }
    }

    private void frame() throws UnusableImage {
        if (width != 0) {
            throw UnusableImage.malformed("the WebP has two frames");
        }
    }

    private void keep(int at, int next, ImageLimits limits) throws UnusableImage {
        limits.check(width, height, decodedBytes(width, height));
        kept.keep(at, next - at);
    }

    /** Four bytes a pixel, and as many again while the decoder's own planes are there. */
    private static long decodedBytes(long width, long height) {
        return width * height * 8;
    }

    /** With the size that it has now. */
    private Bytes resized() {
        Bytes clean = kept.bytes();
        ByteBuffer.wrap(clean.all()).order(ByteOrder.LITTLE_ENDIAN).putInt(4, clean.length() - 8);
        return clean;
    }
}
