package dev.safelight.standalone.command;

import dev.safelight.standalone.client.SafelightClient;
import java.net.URI;
import java.util.Optional;
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

    @Option(
            names = "--key",
            defaultValue = "${env:SAFELIGHT_KEY}",
            description = "Key for an API that wants one (default $SAFELIGHT_KEY, which is not seen by other users of"
                    + " this machine).")
    private String key;

    SafelightClient connect() {
        return new SafelightClient(url, Optional.ofNullable(key).filter(text -> !text.isBlank()));
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
