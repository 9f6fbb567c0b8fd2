package dev.safelight.api.file;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.common.store.ObjectStore;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import java.util.UUID;

/** {@code GET} and {@code DELETE /v1/files/{file_id}}, and {@code GET …/content}. */
public final class FileHandlers {
    private FileHandlers() {}

    public static Handler get(FileStore files, String publicUrl) {
        return request -> find(files, request)
                .map(file -> Reply.json(200, FileView.of(file, publicUrl)))
                .orElseGet(() -> unknown(request));
    }

    /** Streams it, whatever the store is: an upload is for its owner, and nothing that browsers show. */
    public static Handler content(FileStore files, ObjectStore store) {
        return request -> {
            Optional<FileRow> file = find(files, request);
            if (file.isEmpty()) {
                return unknown(request);
            }
            try {
                long length = file.get().bytes();
                return Reply.stream(
                                200,
                                file.get().contentType(),
                                store.open(file.get().objectKey(), 0, length - 1),
                                length)
                        .with("ETag", "\"" + file.get().sha256() + "\"")
                        .with("Cache-Control", "private, no-store")
                        .with("X-Content-Type-Options", "nosniff");
            } catch (NoSuchFileException e) {
                // Deleted between the row and the object.
                return unknown(request);
            }
        };
    }

    public static Handler delete(FileStore files) {
        return request -> files.delete(request.tenantId(), id(request)) ? Reply.empty(204) : unknown(request);
    }

    private static Optional<FileRow> find(FileStore files, Request request) {
        return files.find(request.tenantId(), id(request));
    }

    private static UUID id(Request request) {
        return UUID.fromString(request.text("file_id").orElseThrow());
    }

    private static Reply unknown(Request request) {
        return Problem.notFound("no file has the id " + id(request) + "; it may have expired")
                .reply();
    }
}
