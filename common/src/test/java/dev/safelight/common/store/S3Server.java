package dev.safelight.common.store;

import dev.safelight.common.config.StoreSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An S3 server for tests with one bucket in a folder: S3Proxy in a process of its own, so that no library meets ours. */
public final class S3Server implements AutoCloseable {
    private static final String BUCKET = "safelight-test";
    private static final Pattern LISTENING = Pattern.compile("Started .*ServerConnector.*\\{127\\.0\\.0\\.1:(\\d+)}");

    private final Process process;
    private final int port;

    private S3Server(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** Returns when it answers. */
    public static S3Server start(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("buckets").resolve(BUCKET));
        Path configuration =
                Files.writeString(folder.resolve("s3proxy.conf"), """
                s3proxy.endpoint=http://127.0.0.1:0
                s3proxy.authorization=aws-v2-or-v4
                s3proxy.identity=identity
                s3proxy.credential=credential
                jclouds.provider=filesystem-nio2
                jclouds.filesystem.basedir=%s
                """.formatted(folder.resolve("buckets")));
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        jar().toString(),
                        "--properties",
                        configuration.toString()))
                .redirectErrorStream(true)
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        return new S3Server(process, awaitPort(process));
    }

    public StoreSettings settings() {
        return settings("");
    }

    /** With an address of its own for clients. */
    public StoreSettings settings(String publicEndpoint) {
        return new StoreSettings(
                StoreSettings.Kind.S3,
                Path.of("unused"),
                BUCKET,
                "http://127.0.0.1:" + port,
                publicEndpoint,
                "us-east-1",
                "identity",
                "credential");
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    private static Path jar() {
        Path jar = Path.of(System.getProperty("safelight.root"), "common/target/s3proxy/s3proxy.jar");
        if (!Files.exists(jar)) {
            throw new IllegalStateException(jar + " is missing: build the module common up to generate-test-resources");
        }
        return jar;
    }

    private static int awaitPort(Process process) throws IOException {
        StringBuilder log = new StringBuilder();
        BufferedReader lines = process.inputReader();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Matcher listening = LISTENING.matcher(line);
            if (listening.find()) {
                Thread.ofVirtual().start(() -> lines.lines().forEach(ignored -> {}));
                return Integer.parseInt(listening.group(1));
            }
            log.append(line).append(System.lineSeparator());
        }
        throw new IOException("S3Proxy ended: " + log);
    }
}
