package dev.safelight.embedded;

import java.io.OutputStream;
import java.nio.file.Path;

/**
 * A Kafka as a process of its own, for tests: {@code <folder> <port>}. Prints {@code ready <host>:<port>} once clients
 * can connect, and stops when its standard input ends or on SIGTERM.
 */
public final class KafkaMain {
    private KafkaMain() {}

    public static void main(String[] arguments) throws Exception {
        LocalKafka kafka = LocalKafka.start(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
        Runtime.getRuntime().addShutdownHook(new Thread(kafka::stop, "stop"));
        System.out.println("ready " + kafka.bootstrapServers());
        System.in.transferTo(OutputStream.nullOutputStream());
        System.exit(0);
    }
}
