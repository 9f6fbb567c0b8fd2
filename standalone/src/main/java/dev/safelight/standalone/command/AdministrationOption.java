package dev.safelight.standalone.command;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.InvalidSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.standalone.CannotStart;
import dev.safelight.standalone.DataDatabase;
import dev.safelight.standalone.client.Administrator;
import dev.safelight.standalone.client.DatabaseAdministrator;
import dev.safelight.standalone.client.SafelightClient;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * Which installation a command looks after, and by which door: the folder of {@code --data}, the API of {@code --url}, the
 * database that the environment names, or the API at the usual address, whichever is given first.
 */
final class AdministrationOption {
    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            description = "Data folder of 'up', whether it runs or not: works on its database and needs no key.")
    private Path data;

    @Option(
            names = "--url",
            converter = ServerOption.ServerAddress.class,
            description = "Address of an API; needs a key with the scope admin. Without it, and with"
                    + " SAFELIGHT_DATABASE_URL set, works on that database; else the API at $SAFELIGHT_URL, or"
                    + " http://127.0.0.1:8080.")
    private URI url;

    @Option(
            names = "--key",
            defaultValue = "${env:SAFELIGHT_KEY}",
            description = "Key for the API (default $SAFELIGHT_KEY, which other users of this machine do not see).")
    private String key;

    Administrator connect() throws CannotStart {
        return connect(System.getenv());
    }

    Administrator connect(Map<String, String> environment) throws CannotStart {
        if (data != null) {
            DataDatabase database = DataDatabase.open(data);
            return new DatabaseAdministrator(database.settings(), database::close);
        }
        if (url == null
                && !environment.getOrDefault("SAFELIGHT_DATABASE_URL", "").isBlank()) {
            return new DatabaseAdministrator(database(environment), () -> {});
        }
        URI server = url != null
                ? url
                : new ServerOption.ServerAddress()
                        .convert(environment.getOrDefault("SAFELIGHT_URL", "http://127.0.0.1:8080"));
        return new SafelightClient(server, Optional.ofNullable(key).filter(text -> !text.isBlank()));
    }

    private static DatabaseSettings database(Map<String, String> environment) throws CannotStart {
        Settings settings = new Settings(environment);
        DatabaseSettings database = DatabaseSettings.read(settings, 2);
        try {
            settings.check();
        } catch (InvalidSettings e) {
            throw new CannotStart(e.getMessage().replaceAll("\\R+", "; "), e);
        }
        return database;
    }
}
