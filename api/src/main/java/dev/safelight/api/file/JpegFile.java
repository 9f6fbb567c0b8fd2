package dev.safelight.api.file;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The segments of a JPEG (ITU-T T.81): which of them there are, and where it ends. */
final class JpegFile {
    private static final int START = 0xD8;
    private static final int END = 0xD9;
    private static final int SCAN = 0xDA;
    private static final int JFIF = 0xE0;
    private static final int EXIF = 0xE1;
    private static final int ADOBE = 0xEE;
    private static final int COMMENT = 0xFE;
    private static final byte[] EXIF_NAME = "Exif\0\0".getBytes(StandardCharsets.ISO_8859_1);
    /** Each scan makes the decoder go through the whole image once; a progressive JPEG has about ten. */
    private static final int MOST_SCANS = 64;

    private final Bytes file;
    private final Kept kept;
    private int width;
    private int height;
    private long decodedBytes;
    private int orientation = 1;
    private int scans;

    private JpegFile(Bytes file) {
        this.file = file;
        this.kept = new Kept(file);
    }

    static boolean is(Bytes file) {
        return file.startsWith(0xFF, START, 0xFF);
    }

    /** @param file only what is kept of it is there afterwards @param limits asked as soon as the header has been read */
    static Inspected inspect(Bytes file, ImageLimits limits) throws UnusableImage {
        return new JpegFile(file).walk(limits);
    }

    private Inspected walk(ImageLimits limits) throws UnusableImage {
        kept.keep(0, 2);
        int at = 2;
        while (true) {
            if (file.u8(at) != 0xFF) {
                throw UnusableImage.malformed("the JPEG has something between its segments");
            }
            int marker = file.u8(at + 1);
            if (marker == 0xFF) {
                at++; // fill bytes
                continue;
            }
            if (marker == END) {
                kept.keep(at, 2);
                at += 2;
                break;
            }
            at = segment(marker, at, limits);
        }
        if (at != file.length()) {
            throw UnusableImage.trailing(file.length() - at);
        }
        if (scans == 0) {
            throw UnusableImage.truncated();
        }
        return new Inspected(width, height, decodedBytes, orientation, kept.bytes());
    }

    /** @return where the next one begins */
    private int segment(int marker, int at, ImageLimits limits) throws UnusableImage {
        if (marker < 0xC0 || marker == START || isRestart(marker)) {
            throw UnusableImage.malformed("the JPEG has a marker where none may be");
        }
        int length = file.u16(at + 2);
        int next = at + 2 + length;
        if (length < 2) {
            throw UnusableImage.malformed("a segment of the JPEG is shorter than its own length");
        }
        file.need(at, length + 2L);
        if (isFrame(marker)) {
            frame(marker, at + 4, length - 2);
            limits.check(width, height, decodedBytes);
        } else if (marker == EXIF && Arrays.equals(file.all(), at + 4, at + 10, EXIF_NAME, 0, EXIF_NAME.length)) {
            orientation = Exif.orientation(file.all(), at + 10, length - 8);
        } else if (marker == SCAN) {
            next = scan(next);
        }
        boolean metadata = marker >= JFIF && marker <= 0xEF || marker == COMMENT;
        if (!metadata || marker == ADOBE) {
            kept.keep(at, next - at);
        }
        return next;
    }

    private void frame(int marker, int at, int length) throws UnusableImage {
        if (width != 0) {
            throw UnusableImage.malformed("the JPEG has two frames");
        }
        if (marker > 0xC2) {
            throw UnusableImage.unsupported("only baseline and progressive JPEG is taken");
        }
        int precision = file.u8(at);
        height = file.u16(at + 1);
        width = file.u16(at + 3);
        int components = file.u8(at + 5);
        if (length != 6 + 3 * components) {
            throw UnusableImage.malformed("the frame of the JPEG has another length than it says");
        }
        if (precision != 8) {
            throw UnusableImage.unsupported("the JPEG has " + precision + " bits a sample; 8 are taken");
        }
        if (components != 1 && components != 3) {
            throw UnusableImage.unsupported(
                    components == 4
                            ? "the JPEG is in CMYK; save it in RGB"
                            : "the JPEG has " + components + " components");
        }
        // A progressive decoder keeps two bytes of coefficients for each sample beside the pixels.
        decodedBytes = (long) width * height * components * (marker == 0xC2 ? 3 : 1);
    }

    /** Walks over entropy-coded data, in which 0xFF is followed by nought or by a restart marker. */
    private int scan(int from) throws UnusableImage {
        if (width == 0) {
            throw UnusableImage.malformed("the JPEG has pixels before it says how many");
        }
        if (++scans > MOST_SCANS) {
            throw UnusableImage.unsupported("the JPEG has more than " + MOST_SCANS + " scans");
        }
        int at = from;
        while (true) {
            if (file.u8(at) == 0xFF) {
                int marker = file.u8(at + 1);
                if (marker != 0 && marker != 0xFF && !isRestart(marker)) {
                    return at;
                }
            }
            at++;
        }
    }

    private static boolean isRestart(int marker) {
        return marker >= 0xD0 && marker <= 0xD7;
    }

    /** SOF0 to SOF15, without the tables that lie between them. */
    private static boolean isFrame(int marker) {
        return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    }
}
