package dev.safelight.common.config;

/** Where Postgres is; the same three variables for every component. */
public record DatabaseSettings(String url, String user, String password, int poolSize) {
    public static DatabaseSettings read(Settings settings, int poolSize) {
        return new DatabaseSettings(
                settings.required(
                        "SAFELIGHT_DATABASE_URL", "JDBC URL of Postgres, jdbc:postgresql://host:5432/database"),
                settings.text("SAFELIGHT_DATABASE_USER", "safelight", "user of the database"),
                settings.text("SAFELIGHT_DATABASE_PASSWORD", "", "password of that user"),
                settings.integer("SAFELIGHT_DATABASE_POOL", poolSize, 1, 500, "most connections of this process"));
    }

    /** Without the password: configuration is logged at start. */
    @Override
    public String toString() {
        return "DatabaseSettings[url=" + url + ", user=" + user + ", poolSize=" + poolSize + "]";
    }
}
