package dev.safelight.standalone.evaluate;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/**
 * Gray pictures with their classes, as the MNIST family publishes them.
 *
 * @param pictures [n][height · width] bytes, row-major
 * @param labels [n] class indices
 */
public record LabelledPictures(List<byte[]> pictures, List<Integer> labels) {
    private static final int PICTURES = 0x0803;
    private static final int LABELS = 0x0801;

    /**
     * Reads the pair {@code <prefix>-images-idx3-ubyte.gz} and {@code <prefix>-labels-idx1-ubyte.gz}.
     *
     * @throws IOException when a file is missing or is not in the IDX format
     */
    public static LabelledPictures read(Path folder, String prefix) throws IOException {
        List<byte[]> pictures = new ArrayList<>();
        try (DataInputStream in = open(folder.resolve(prefix + "-images-idx3-ubyte.gz"), PICTURES)) {
            int count = in.readInt();
            int size = Math.multiplyExact(in.readInt(), in.readInt());
            for (int i = 0; i < count; i++) {
                pictures.add(in.readNBytes(size));
            }
        }
        List<Integer> labels = new ArrayList<>();
        try (DataInputStream in = open(folder.resolve(prefix + "-labels-idx1-ubyte.gz"), LABELS)) {
            int count = in.readInt();
            for (int i = 0; i < count; i++) {
                labels.add(in.readUnsignedByte());
            }
        }
        return new LabelledPictures(pictures, labels);
    }

    /** The first {@code each} pictures of every class, class by class, each in file order. */
    public List<byte[]> first(int each, int classes) {
        return ofEach(0, each, classes, pictures, labels);
    }

    /** The last {@code each} pictures of every class, class by class. */
    public List<byte[]> last(int each, int classes) {
        return ofEach(0, each, classes, pictures.reversed(), labels.reversed());
    }

    /**
     * The {@code part}-th {@code each} pictures of every class, counted from the end, class by class.
     *
     * @param kept so many of every class, the first in the file, are never among them
     * @throws IllegalArgumentException when a class has too few
     */
    public List<byte[]> part(int part, int each, int kept, int classes) {
        int needed = kept + (part + 1) * each;
        if (ofEach(0, needed, classes, pictures, labels).size() < needed * classes) {
            throw new IllegalArgumentException("there are no " + needed + " real pictures of every class");
        }
        return ofEach(part * each, each, classes, pictures.reversed(), labels.reversed());
    }

    private static List<byte[]> ofEach(int spared, int each, int classes, List<byte[]> pictures, List<Integer> labels) {
        List<byte[]> chosen = new ArrayList<>();
        for (int label = 0; label < classes; label++) {
            int wanted = label;
            IntStream.range(0, pictures.size())
                    .filter(i -> labels.get(i) == wanted)
                    .skip(spared)
                    .limit(each)
                    .mapToObj(pictures::get)
                    .forEach(chosen::add);
        }
        return chosen;
    }

    private static DataInputStream open(Path file, int magic) throws IOException {
        DataInputStream in = new DataInputStream(new GZIPInputStream(Files.newInputStream(file), 1 << 16));
        if (in.readInt() != magic) {
            in.close();
            throw new IOException(file + " is not an IDX file of the expected kind");
        }
        return in;
    }
}
