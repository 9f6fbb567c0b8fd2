package dev.safelight.standalone.command;

import java.io.PrintWriter;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;

/** Shows how a job comes along: a bar that moves on a terminal, a line for each change of state elsewhere. */
final class ProgressDisplay {
    private static final String BACK_AND_CLEAR = "\r\033[K";

    private final PrintWriter out;
    private final boolean terminal;
    private String shown = "";

    ProgressDisplay(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Of a command, which is told whether it talks to a terminal. */
    static ProgressDisplay of(CommandSpec command) {
        return new ProgressDisplay(command.commandLine().getErr(), Boolean.getBoolean("safelight.terminal"));
    }

    void show(JobProgress progress, Duration running) {
        String line = terminal ? progress.bar(running) : plain(progress);
        if (!line.equals(shown)) {
            out.print(terminal ? BACK_AND_CLEAR + line : line + System.lineSeparator());
            out.flush();
            shown = line;
        }
    }

    /** Leaves the bar behind. */
    void end() {
        if (terminal && !shown.isEmpty()) {
            out.println();
            out.flush();
        }
    }

    /** Steps in quarters, so that a log stays short. */
    private static String plain(JobProgress progress) {
        int quarter = progress.of() == 0 ? 0 : 4 * progress.step() / progress.of();
        String note = progress.note().isEmpty() ? "" : " (" + progress.note() + ")";
        return progress.state().equals("running")
                ? "running, " + 25 * quarter + " % of " + progress.of() + " steps"
                : progress.state() + note;
    }
}
