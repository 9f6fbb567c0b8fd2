package dev.safelight.common.config;

/** How the log is written; the logging configuration reads the variable itself, this holds it to a format there is. */
public final class LogSettings {
    private LogSettings() {}

    public static void read(Settings settings) {
        settings.read("SAFELIGHT_LOG_FORMAT", "text", "how the log is written: text or json", text -> {
            if (!text.equals("text") && !text.equals("json")) {
                throw new IllegalArgumentException("must be text or json");
            }
            return text;
        });
    }
}
