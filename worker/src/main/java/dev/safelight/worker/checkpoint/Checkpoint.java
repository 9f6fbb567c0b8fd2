package dev.safelight.worker.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A job in the middle of its walks: all that another worker needs to go on to the same images.
 *
 * @param origin what made it
 * @param places where each image is
 */
public record Checkpoint(Origin origin, List<Place> places) {
    private static final byte[] MARK = "SLcp".getBytes(StandardCharsets.US_ASCII);
    /** Of this class's own bytes. */
    private static final byte FORMAT = 1;

    private static final RecordCodec<Checkpoint> CODEC = RecordCodec.of(Checkpoint.class);

    /**
     * What must be equal, to the letter, for a walk to go on.
     *
     * @param bundle version of the bundle
     * @param sampler its name
     * @param samplerVersion {@code Sampler.version()}
     * @param layout of the sampler's states, see {@link RecordCodec#layout}
     * @param request digest of the resolved input
     */
    public record Origin(String bundle, String sampler, int samplerVersion, String layout, String request) {}

    /**
     * One image.
     *
     * @param steps how many it has done
     * @param state of its sampler, encoded; null before the first step and after the last
     * @param finished its clean latent; null until its walk is done
     */
    public record Place(int steps, byte[] state, float[] finished) {}

    /** Grows with every step and every finished image: of two checkpoints of one attempt, the greater is the later. */
    public long advance() {
        return places.stream()
                .mapToLong(place -> place.steps() + (place.finished() == null ? 0 : 1))
                .sum();
    }

    /** Steps that every image has done. */
    public int step() {
        return places.stream().mapToInt(Place::steps).min().orElse(0);
    }

    /** Mark, format, the record, and a checksum of it all. */
    public byte[] bytes() {
        byte[] record = CODEC.encode(this);
        ByteBuffer out = ByteBuffer.allocate(MARK.length + 1 + record.length + Integer.BYTES);
        out.put(MARK).put(FORMAT).put(record);
        out.putInt(checksum(out.array(), out.position()));
        return out.array();
    }

    /** @throws UnreadableCheckpoint when these are not the bytes of a checkpoint of this format */
    public static Checkpoint read(byte[] bytes) {
        int end = bytes.length - Integer.BYTES;
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (end < MARK.length + 1 || in.getInt(end) != checksum(bytes, end)) {
            throw new UnreadableCheckpoint("its checksum is wrong");
        }
        byte[] mark = new byte[MARK.length];
        in.get(mark);
        byte format = in.get();
        if (!java.util.Arrays.equals(mark, MARK) || format != FORMAT) {
            throw new UnreadableCheckpoint("it is of format " + format + ", not " + FORMAT);
        }
        byte[] record = new byte[end - in.position()];
        in.get(record);
        Checkpoint checkpoint = CODEC.decode(record);
        if (checkpoint == null || checkpoint.origin() == null || checkpoint.places() == null) {
            throw new UnreadableCheckpoint("it is empty");
        }
        return checkpoint;
    }

    private static int checksum(byte[] bytes, int end) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, end);
        return (int) checksum.getValue();
    }
}
