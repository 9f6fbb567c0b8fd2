package dev.safelight.api.file;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.jdbi.v3.core.statement.StatementContext;

/** An uploaded image as Postgres has it; {@code sha256} in hex. */
record FileRow(
        UUID id,
        String objectKey,
        String contentType,
        int width,
        int height,
        long bytes,
        String sha256,
        Instant createdAt,
        Instant expiresAt) {

    static FileRow map(ResultSet row, StatementContext context) throws SQLException {
        return new FileRow(
                row.getObject("file_id", UUID.class),
                row.getString("object_key"),
                row.getString("content_type"),
                row.getInt("width"),
                row.getInt("height"),
                row.getLong("bytes"),
                row.getString("sha256"),
                row.getObject("created_at", OffsetDateTime.class).toInstant(),
                row.getObject("expires_at", OffsetDateTime.class).toInstant());
    }
}
