package dev.safelight.api.file;

import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** The chunks of a PNG (ISO/IEC 15948): which of them there are, whether they are whole, and what they would unpack to. */
final class PngFile {
    private static final int[] SIGNATURE = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    /** Only these reach the decoder. Texts and profiles, which may unpack to anything, do not. */
    private static final Set<String> KEPT = Set.of("IHDR", "PLTE", "tRNS", "IDAT", "IEND");

    private static final int CHUNK_FRAME = 12;
    /** Column and row of the first pixel of each pass of Adam7, and the distance to the next. */
    private static final int[][] PASSES = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };

    private final Bytes file;
    private final Kept kept;

    private long width;
    private long height;
    private int depth;
    private int color;
    private boolean interlaced;
    private int orientation = 1;

    private PngFile(Bytes file) {
        this.file = file;
        this.kept = new Kept(file);
    }

    static boolean is(Bytes file) {
        return file.startsWith(SIGNATURE);
    }

    /** @param file only what is kept of it is there afterwards @param limits asked as soon as the header has been read */
    static Inspected inspect(Bytes file, ImageLimits limits) throws UnusableImage {
        return new PngFile(file).walk(limits);
    }

    private Inspected walk(ImageLimits limits) throws UnusableImage {
        kept.keep(0, SIGNATURE.length);
        long at = SIGNATURE.length;
        String name;
        do {
            long length = file.u32(at);
            name = file.name(at + 4);
            file.need(at, length + CHUNK_FRAME);
            checkSum(at, length);
            if (at == SIGNATURE.length) {
                header(name, length, at + 8);
                limits.check(width, height, decodedBytes());
            }
            chunk(name, (int) at, (int) length);
            at += length + CHUNK_FRAME;
        } while (!name.equals("IEND"));
        if (at != file.length()) {
            throw UnusableImage.trailing(file.length() - at);
        }
        Bytes clean = kept.bytes();
        unpack(clean, rawBytes());
        return new Inspected((int) width, (int) height, decodedBytes(), orientation, clean);
    }

    private void header(String name, long length, long at) throws UnusableImage {
        if (!name.equals("IHDR") || length != 13) {
            throw UnusableImage.malformed("a PNG begins with its header");
        }
        width = file.u32(at);
        height = file.u32(at + 4);
        depth = file.u8(at + 8);
        color = file.u8(at + 9);
        interlaced = file.u8(at + 12) == 1;
        boolean known = switch (color) {
            case 0 -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case 3 -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case 2, 4, 6 -> depth == 8 || depth == 16;
            default -> false;
        };
        if (!known || file.u8(at + 10) != 0 || file.u8(at + 11) != 0 || file.u8(at + 12) > 1) {
            throw UnusableImage.malformed("the header of the PNG has values that no PNG has");
        }
    }

    private void chunk(String name, int at, int length) throws UnusableImage {
        if (name.equals("acTL")) {
            throw UnusableImage.unsupported("the PNG is animated");
        }
        if (name.equals("eXIf")) {
            orientation = Exif.orientation(file.all(), at + 8, length);
        }
        if (KEPT.contains(name)) {
            kept.keep(at, length + CHUNK_FRAME);
        } else if (Character.isUpperCase(name.charAt(0))) {
            throw UnusableImage.malformed("the PNG needs a chunk that nobody knows");
        }
    }

    private void checkSum(long at, long length) throws UnusableImage {
        CRC32 sum = new CRC32();
        sum.update(file.all(), (int) at + 4, (int) length + 4);
        if (sum.getValue() != file.u32(at + 8 + length)) {
            throw UnusableImage.malformed("a chunk of the PNG is damaged");
        }
    }

    /** Unpacks the rows without keeping them: there must be all of them, and nothing else. */
    private static void unpack(Bytes clean, long expected) throws UnusableImage {
        Inflater inflater = new Inflater();
        byte[] window = new byte[8192];
        long count = 0;
        long surplus = 0;
        try {
            long length;
            for (long at = SIGNATURE.length; at < clean.length(); at += length + CHUNK_FRAME) {
                length = clean.u32(at);
                if (!clean.name(at + 4).equals("IDAT")) {
                    continue;
                }
                if (inflater.finished()) {
                    surplus += length;
                    continue;
                }
                inflater.setInput(clean.all(), (int) at + 8, (int) length);
                for (int unpacked = -1; unpacked != 0; ) {
                    unpacked = inflater.inflate(window);
                    count += unpacked;
                    if (count > expected) {
                        throw UnusableImage.malformed("the PNG unpacks to more than its header declares");
                    }
                }
                if (!inflater.finished() && inflater.needsDictionary()) {
                    throw UnusableImage.truncated();
                }
                surplus = inflater.getRemaining();
            }
            if (!inflater.finished() || count < expected) {
                throw UnusableImage.truncated();
            }
            if (surplus > 0) {
                throw UnusableImage.trailing(surplus);
            }
        } catch (DataFormatException e) {
            throw UnusableImage.malformed("the rows of the PNG cannot be unpacked");
        } finally {
            inflater.end();
        }
    }

    private int channels() {
        return switch (color) {
            case 2 -> 3;
            case 4 -> 2;
            case 6 -> 4;
            default -> 1;
        };
    }

    private long decodedBytes() {
        return width * height * channels() * (depth == 16 ? 2 : 1);
    }

    /** Each row has a byte for its filter; an empty pass has no rows. */
    private long rawBytes() {
        if (!interlaced) {
            return height * (1 + rowBytes(width));
        }
        long bytes = 0;
        for (int[] pass : PASSES) {
            long columns = (width - pass[0] + pass[2] - 1) / pass[2];
            long rows = (height - pass[1] + pass[3] - 1) / pass[3];
            bytes += columns > 0 && rows > 0 ? rows * (1 + rowBytes(columns)) : 0;
        }
        return bytes;
    }

    private long rowBytes(long columns) {
        return (columns * channels() * depth + 7) / 8;
    }
}
