package dev.safelight.api.sweep;

import dev.safelight.common.config.Settings;
import java.time.Duration;

/**
 * How the sweeper behaves.
 *
 * @param interval wait between two walks through the store
 * @param age objects younger than this are left alone, whatever they are
 */
public record SweepSettings(Duration interval, Duration age) {
    public static SweepSettings read(Settings settings) {
        return new SweepSettings(
                settings.duration("SAFELIGHT_SWEEP_INTERVAL", "10m", "how often abandoned outputs are looked for"),
                settings.duration("SAFELIGHT_SWEEP_AGE", "1h", "abandoned outputs are removed once this old"));
    }
}
