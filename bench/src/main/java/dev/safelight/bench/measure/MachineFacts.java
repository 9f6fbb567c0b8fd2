package dev.safelight.bench.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What a reader needs to judge a figure: when, on what, beside what load. */
public final class MachineFacts {
    private MachineFacts() {}

    public static String line() {
        return String.format(
                Locale.ROOT,
                "%s, %d cores of %s, %s of memory, Linux %s, Java %s, load average before the run %s",
                LocalDate.now(ZoneOffset.UTC),
                Runtime.getRuntime().availableProcessors(),
                value("/proc/cpuinfo", "model name").orElse(System.getProperty("os.arch")),
                value("/proc/meminfo", "MemTotal").map(MachineFacts::gibibytes).orElse("unknown"),
                System.getProperty("os.version"),
                Runtime.version(),
                first("/proc/loadavg").orElse("unknown"));
    }

    private static String gibibytes(String kibibytes) {
        return Long.parseLong(kibibytes.replace(" kB", "")) / (1 << 20) + " GiB";
    }

    private static Optional<String> value(String file, String key) {
        try (Stream<String> lines = Files.lines(Path.of(file))) {
            return lines.filter(line -> line.startsWith(key))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> first(String file) {
        try {
            return Optional.of(Files.readString(Path.of(file)).split(" ")[0]);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
