package dev.safelight.api.file;

import dev.safelight.api.http.Problem;
import dev.safelight.api.validate.JobRequest;
import dev.safelight.api.validate.Violation;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.ImageDigest;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.StoreFullException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Brings in the images that a request names, before it is accepted: whatever names them, what the job then names is the
 * digest of bytes that are durable.
 */
public final class InputImages {
    private static final List<String> FIELDS = List.of("image", "mask");
    private static final Pattern FILE = Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
    private static final Pattern DATA = Pattern.compile("data:(image/(?:png|jpeg|webp));base64,(.*)", Pattern.DOTALL);

    private final ImageIntake intake;
    private final FileStore files;
    private final InputImageStore images;
    private final ObjectStore store;
    private final ImageFetch fetch;

    /** @param fetch of images that lie elsewhere */
    public InputImages(Database database, ObjectStore store, ImageIntake intake, FileStore files, ImageFetch fetch) {
        this.images = new InputImageStore(database, store);
        this.intake = intake;
        this.files = files;
        this.store = store;
        this.fetch = fetch;
    }

    public sealed interface Outcome {}

    /** Every image is durable, and named by its digest. */
    public record Ready(JobRequest request) implements Outcome {}

    /** An image is none, or not there. */
    public record Wrong(List<Violation> violations) implements Outcome {}

    /** The store is full or away, or too many images are being fetched. */
    public record NotNow(Problem problem) implements Outcome {}

    /** Whether the request names any image. */
    public static boolean wanted(JobRequest request) {
        return FIELDS.stream().anyMatch(request.input().options()::containsKey);
    }

    /** Fetches, checks and keeps; may take as long as the longest fetch. */
    public Outcome bring(String tenantId, JobRequest request) throws InterruptedException {
        GenerationInput input = request.input();
        List<Violation> violations = new ArrayList<>();
        for (String field : FIELDS) {
            if (input.options().get(field) instanceof String name) {
                try {
                    input = input.with(field, digest(tenantId, name).toString());
                } catch (UnusableImage e) {
                    violations.add(Violation.body(e.code(), "#/input/" + field, e.getMessage()));
                } catch (FetchesBusy e) {
                    return new NotNow(new Problem(
                            503, "fetches_busy", "too many images are being fetched just now; try again soon"));
                } catch (StoreFullException e) {
                    return new NotNow(
                            new Problem(503, "store_full", "there is no room for the image now; try again later"));
                } catch (IOException e) {
                    return new NotNow(Problem.unavailable("the image could not be stored; try again soon"));
                }
            }
        }
        return violations.isEmpty() ? new Ready(request.with(input)) : new Wrong(violations);
    }

    /** Keeps the images of a resolved input a while longer. @return the fields whose image is gone */
    public List<String> missing(String tenantId, GenerationInput input) {
        return FIELDS.stream()
                .filter(field -> input.options().get(field) instanceof String name
                        && ImageDigest.of(name)
                                .filter(digest -> images.hold(tenantId, digest))
                                .isEmpty())
                .toList();
    }

    private ImageDigest digest(String tenantId, String name)
            throws UnusableImage, FetchesBusy, IOException, InterruptedException {
        Optional<ImageDigest> known = ImageDigest.of(name);
        if (known.isPresent()) {
            if (!images.hold(tenantId, known.get())) {
                throw UnusableImage.unknown(
                        "no image with this digest is kept; name it by file, data URL or https URL");
            }
            return known.get();
        }
        if (FILE.matcher(name).matches()) {
            return ofFile(tenantId, UUID.fromString(name));
        }
        Matcher data = DATA.matcher(name);
        if (data.matches()) {
            return intake.place(
                    tenantId,
                    data.group(1),
                    () -> images.keep(tenantId, intake.take(data.group(1), decoded(data.group(2)))));
        }
        if (name.startsWith("https:") || name.startsWith("http:")) {
            return fetch.get(tenantId, name, file -> fetched(tenantId, file));
        }
        throw UnusableImage.unknown(
                "must be the id of a file, an https URL, a data URL of a PNG, JPEG or WebP in base64, or"
                        + " sha256: and the digest of an image of an earlier job");
    }

    private ImageDigest fetched(String tenantId, Bytes file) throws UnusableImage, IOException, InterruptedException {
        String mediaType = ImageIntake.mediaType(file);
        return intake.place(tenantId, mediaType, () -> images.keep(tenantId, intake.take(mediaType, file)));
    }

    private static Bytes decoded(String base64) throws UnusableImage {
        try {
            return new Bytes(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException e) {
            throw UnusableImage.malformed("the data URL is not in base64");
        }
    }

    private ImageDigest ofFile(String tenantId, UUID id) throws UnusableImage, IOException, InterruptedException {
        FileRow file = files.find(tenantId, id)
                .orElseThrow(() -> UnusableImage.unknown("no file has the id " + id + "; it may have expired"));
        ImageDigest digest = new ImageDigest(file.sha256());
        if (images.hold(tenantId, digest)) {
            return digest;
        }
        try {
            return intake.place(tenantId, file.contentType(), () -> images.keep(tenantId, stored(file)));
        } catch (NoSuchFileException e) {
            throw UnusableImage.unknown("no file has the id " + id + "; it may have expired");
        }
    }

    private Normalised stored(FileRow file) throws IOException {
        byte[] png = new byte[Math.toIntExact(file.bytes())];
        try (InputStream bytes = store.open(file.objectKey(), 0, png.length - 1)) {
            if (bytes.readNBytes(png, 0, png.length) < png.length) {
                throw new EOFException(file.objectKey() + " is shorter than it was");
            }
        }
        return new Normalised(file.width(), file.height(), png);
    }
}
