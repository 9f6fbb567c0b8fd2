package dev.safelight.api.file;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.http.Upload;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.store.FileKey;
import dev.safelight.common.store.StoreFullException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** {@code POST /v1/files}. */
public final class UploadFile implements Handler {
    private final ImageIntake intake;
    private final FileStore files;
    private final FileSettings settings;
    private final String publicUrl;

    public UploadFile(ImageIntake intake, FileStore files, FileSettings settings, String publicUrl) {
        this.intake = intake;
        this.files = files;
        this.settings = settings;
        this.publicUrl = publicUrl;
    }

    @Override
    public Reply handle(Request request) throws InterruptedException {
        Upload upload = request.upload();
        Duration time = request.number("expires_in").map(Duration::ofSeconds).orElse(settings.keptFor());
        Optional<FileRow> kept;
        try {
            kept = intake.place(
                    request.tenantId(),
                    upload.mediaType(),
                    () -> files.keep(
                            new FileKey(request.tenantId(), JobIds.next()),
                            intake.take(upload.mediaType(), new Bytes(upload.bytes(), upload.length())),
                            time,
                            settings.perTenant()));
        } catch (UnusableImage e) {
            return new Problem(422, e.code(), e.getMessage()).reply();
        } catch (StoreFullException e) {
            return new Problem(503, "store_full", "there is no room for the image now; try again later").reply();
        } catch (IOException e) {
            return Problem.unavailable("the image could not be stored; try again soon")
                    .reply();
        }
        if (kept.isEmpty()) {
            String detail =
                    "there are " + settings.perTenant() + " files already; delete some, or wait for them to expire";
            return new Problem(409, "too_many_files", detail).reply();
        }
        FileView view = FileView.of(kept.get(), publicUrl);
        return Reply.json(201, view).with("Location", view.urls().self());
    }
}
