package dev.safelight.standalone.command;

import dev.safelight.standalone.CannotStart;
import dev.safelight.standalone.client.RequestRefused;
import dev.safelight.standalone.client.Unreachable;
import dev.safelight.standalone.evaluate.EvaluateCommand;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The root of the command line. */
@Command(
        name = "safelight",
        description = "Asynchronous image generation: submit a job, a worker samples it, fetch the picture.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            UpCommand.class,
            SubmitCommand.class,
            ModelsCommand.class,
            JobsCommand.class,
            WatchCommand.class,
            CancelCommand.class,
            KeysCommand.class,
            TenantsCommand.class,
            QueuesCommand.class,
            EvaluateCommand.class
        },
        footer = {
            "",
            "Of the launcher itself:",
            "  build   Build again, even if nothing seems to have changed.",
            "  test    Run all tests; with --long at full counts.",
            "  bench   Measure; see 'safelight bench --help'.",
            "  import  Make a bundle of a checkpoint folder; see 'safelight import --help'.",
            "",
            "Exit status: 0 done, 1 the job or the request failed, 2 wrong usage, 3 no server answers."
        })
public final class Safelight implements Runnable {
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;
    static final int NO_SERVER = 3;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = CommandLine.ScopeType.INHERIT,
            description = "Show this help.")
    private boolean help;

    @Spec
    private CommandSpec spec;

    /** @return the exit status */
    public static int execute(String... arguments) {
        return new CommandLine(new Safelight())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler(Safelight::complain)
                .setExecutionExceptionHandler(Safelight::explain)
                .execute(helpLast(arguments));
    }

    /** {@code help submit} is what people type for {@code submit --help}. */
    private static String[] helpLast(String... arguments) {
        if (arguments.length == 0 || !arguments[0].equals("help")) {
            return arguments;
        }
        String[] turned = Arrays.copyOfRange(arguments, 1, arguments.length + 1);
        turned[arguments.length - 1] = "--help";
        return turned;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private static int complain(ParameterException problem, String[] arguments) {
        CommandLine command = problem.getCommandLine();
        command.getErr()
                .println("safelight: " + problem.getMessage() + "; see '"
                        + command.getCommandSpec().qualifiedName() + " --help'");
        return WRONG_USAGE;
    }

    private static int explain(Exception problem, CommandLine command, CommandLine.ParseResult arguments)
            throws Exception {
        switch (problem) {
            case CannotStart cannot -> {
                command.getErr().println("safelight: " + cannot.getMessage());
                return FAILED;
            }
            case RequestRefused refused -> {
                command.getErr().println("safelight: " + refused.getMessage());
                return FAILED;
            }
            case Unreachable unreachable -> {
                command.getErr().println("safelight: " + unreachable.getMessage());
                return NO_SERVER;
            }
            // A bug deserves its stack trace.
            default -> throw problem;
        }
    }
}
