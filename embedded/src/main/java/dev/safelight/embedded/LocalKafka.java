package dev.safelight.embedded;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * One Kafka node (broker and controller in one) inside this process, on the loopback interface, with share groups
 * enabled. Its folder keeps records across restarts.
 */
public final class LocalKafka implements AutoCloseable {
    /** The same for every node: it only has to match what the folder was formatted with. */
    private static final String CLUSTER = "safelight-local-kafka1";

    private final Path folder;
    private final int port;
    private final int controllerPort;
    private KafkaRaftServer server;

    private LocalKafka(Path folder, int port, int controllerPort) {
        this.folder = folder;
        this.port = port;
        this.controllerPort = controllerPort;
    }

    /**
     * Starts a node, formatting the folder if it is new.
     *
     * @param port where clients connect; 0 takes a free one, which later restarts keep
     */
    public static LocalKafka start(Path folder, int port) {
        LocalKafka kafka = new LocalKafka(folder.toAbsolutePath(), port == 0 ? Ports.free() : port, Ports.free());
        kafka.start();
        return kafka;
    }

    public String bootstrapServers() {
        return "127.0.0.1:" + port;
    }

    /** Starts again after {@link #stop()}, with the same folder and port. */
    public synchronized void start() {
        if (server != null) {
            throw new IllegalStateException("already running");
        }
        if (!Ports.isFree(port)) {
            throw new IllegalStateException("port " + port + ", which Kafka wants, is in use");
        }
        format();
        server = new KafkaRaftServer(KafkaConfig.fromProps(properties()), Time.SYSTEM);
        server.startup();
    }

    public synchronized void stop() {
        if (server != null) {
            server.shutdown();
            server.awaitShutdown();
            server = null;
        }
    }

    /** Forgets all topics, groups and records: what a broker that lost its disk is like. Only while stopped. */
    public synchronized void wipe() {
        if (server != null) {
            throw new IllegalStateException("stop before wiping");
        }
        Folders.delete(folder);
    }

    @Override
    public void close() {
        stop();
    }

    private void format() {
        try {
            Files.createDirectories(folder);
            new Formatter()
                    .setClusterId(CLUSTER)
                    .setNodeId(1)
                    .setControllerListenerName("CONTROLLER")
                    .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
                    .setMetadataLogDirectory(folder.toString())
                    .addDirectory(folder.toString())
                    .setIgnoreFormatted(true)
                    .setPrintStream(new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8))
                    .run();
        } catch (Exception e) {
            throw new IllegalStateException("cannot format " + folder + " for Kafka: " + e.getMessage(), e);
        }
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.put("process.roles", "broker,controller");
        properties.put("node.id", "1");
        properties.put("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
        properties.put("listeners", "CLIENT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort);
        properties.put("advertised.listeners", "CLIENT://127.0.0.1:" + port);
        properties.put("listener.security.protocol.map", "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        properties.put("inter.broker.listener.name", "CLIENT");
        properties.put("controller.listener.names", "CONTROLLER");
        properties.put("log.dirs", folder.toString());
        // Topics are made explicitly, with the partitions their owner wants.
        properties.put("auto.create.topics.enable", "false");
        properties.put("num.partitions", "1");
        // One node cannot replicate.
        properties.put("offsets.topic.replication.factor", "1");
        properties.put("offsets.topic.num.partitions", "1");
        properties.put("transaction.state.log.replication.factor", "1");
        properties.put("transaction.state.log.min.isr", "1");
        properties.put("share.coordinator.state.topic.replication.factor", "1");
        properties.put("share.coordinator.state.topic.min.isr", "1");
        properties.put("share.coordinator.state.topic.num.partitions", "1");
        // A new member of a group gets its partitions at once.
        properties.put("group.initial.rebalance.delay.ms", "0");
        properties.put("group.share.heartbeat.interval.ms", "500");
        properties.put("group.share.min.heartbeat.interval.ms", "100");
        properties.put("group.share.session.timeout.ms", "10000");
        properties.put("group.share.min.session.timeout.ms", "1000");
        properties.put("group.share.assignment.interval.ms", "0");
        properties.put("group.share.min.assignment.interval.ms", "0");
        // After a kill the same broker may not register again before its last session is over: 9 s, if nothing is said.
        properties.put("broker.session.timeout.ms", "6000");
        properties.put("broker.heartbeat.interval.ms", "500");
        // Small: this broker serves one installation on one machine.
        properties.put("num.network.threads", "2");
        properties.put("num.io.threads", "4");
        properties.put("num.recovery.threads.per.data.dir", "1");
        properties.put("background.threads", "2");
        properties.put("log.cleaner.dedupe.buffer.size", "8388608");
        properties.put("log.segment.bytes", "67108864");
        // Records matter for seconds; Postgres keeps the jobs.
        properties.put("log.retention.ms", "3600000");
        properties.put("log.retention.bytes", "268435456");
        return properties;
    }
}
