package dev.safelight.api.file;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Instant;
import java.util.UUID;

/** An uploaded image as its owner sees it. */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record FileView(
        UUID id,
        String contentType,
        int width,
        int height,
        long bytes,
        String sha256,
        Instant createdAt,
        Instant expiresAt,
        Urls urls) {

    record Urls(String self, String content) {}

    static FileView of(FileRow file, String publicUrl) {
        String self = publicUrl + "/v1/files/" + file.id();
        return new FileView(
                file.id(),
                file.contentType(),
                file.width(),
                file.height(),
                file.bytes(),
                file.sha256(),
                file.createdAt(),
                file.expiresAt(),
                new Urls(self, self + "/content"));
    }
}
