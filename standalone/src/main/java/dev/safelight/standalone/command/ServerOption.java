package dev.safelight.standalone.command;

import dev.safelight.standalone.client.SafelightClient;
import java.net.URI;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which server a command talks to. */
final class ServerOption {
    @Option(
            names = "--url",
            defaultValue = "${env:SAFELIGHT_URL:-http://127.0.0.1:8080}",
            converter = ServerAddress.class,
            description = "Address of the API (default $SAFELIGHT_URL, or http://127.0.0.1:8080).")
    private URI url;

    SafelightClient connect() {
        return new SafelightClient(url);
    }

    static final class ServerAddress implements ITypeConverter<URI> {
        @Override
        public URI convert(String text) {
            if (!text.matches("https?://[^/].*")) {
                throw new TypeConversionException("'" + text + "' is no http or https URL");
            }
            return URI.create(text);
        }
    }
}
