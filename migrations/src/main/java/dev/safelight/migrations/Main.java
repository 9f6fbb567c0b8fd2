package dev.safelight.migrations;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.InvalidSettings;
import dev.safelight.common.config.Settings;

/** Applies the migrations and exits. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        try {
            Settings settings = new Settings(System.getenv());
            DatabaseSettings database = DatabaseSettings.read(settings, 1);
            settings.check();
            System.out.println("applied " + Migrations.apply(database) + " migrations");
        } catch (InvalidSettings e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }
}
