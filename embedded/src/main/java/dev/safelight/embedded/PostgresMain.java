package dev.safelight.embedded;

import java.io.OutputStream;
import java.nio.file.Path;

/**
 * A Postgres as a process of its own, for tests: {@code <folder> <port> [further databases]}. Prints {@code ready
 * <JDBC URL> <user> <password>} once the database {@code safelight} exists, and the others, and stops when its standard
 * input ends or on SIGTERM.
 */
public final class PostgresMain {
    private PostgresMain() {}

    public static void main(String[] arguments) throws Exception {
        LocalPostgres postgres = LocalPostgres.start(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
        Runtime.getRuntime().addShutdownHook(new Thread(postgres::stop, "stop"));
        postgres.createDatabase("safelight", "template1");
        for (int further = 2; further < arguments.length; further++) {
            postgres.createDatabase(arguments[further], "template1");
        }
        var settings = postgres.settings("safelight", 1);
        System.out.println("ready " + settings.url() + " " + settings.user() + " " + settings.password());
        System.in.transferTo(OutputStream.nullOutputStream());
        System.exit(0);
    }
}
