package dev.safelight.bench.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What Linux and the JVM tell about a process. */
public record ProcessFigures(long pid) {
    private static final int JIFFIES_A_SECOND = 100;

    /** Resident memory in bytes. */
    public long resident() {
        return status("VmRSS") * 1024;
    }

    /** The most resident memory it ever had, in bytes. */
    public long residentPeak() {
        return status("VmHWM") * 1024;
    }

    public long threads() {
        return status("Threads");
    }

    public long openFiles() {
        try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            return files.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Processor time used so far, in seconds. */
    public double processorSeconds() {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / (double) JIFFIES_A_SECOND;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Bytes of live objects of a JVM. Collects garbage to know it, so it stops the process for a moment. */
    public long liveHeap() {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        try {
            Process process = new ProcessBuilder(List.of(jcmd, Long.toString(pid), "GC.class_histogram"))
                    .redirectErrorStream(true)
                    .start();
            try (Stream<String> lines = process.inputReader().lines()) {
                return lines.filter(line -> line.startsWith("Total"))
                        .map(line -> Long.parseLong(line.strip().split("\\s+")[2]))
                        .reduce((first, last) -> last)
                        .orElseThrow(() -> new IOException("jcmd told no total of process " + pid));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long status(String key) {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
            return lines.filter(line -> line.startsWith(key + ":"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow(() -> new IOException("no " + key + " of process " + pid));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
