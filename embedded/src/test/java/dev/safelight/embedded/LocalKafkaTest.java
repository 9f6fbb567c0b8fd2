package dev.safelight.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.wire.TopicAdmin;
import dev.safelight.common.wire.Topics;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

class LocalKafkaTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String TOPIC = Topics.dispatch("test", Topics.Lane.REGULAR);

    private final Path folder = TestServers.newFolder("kafka");

    @Test
    void sharesRecordsKeepsThemAcrossRestartsAndForgetsThemWhenWiped() throws Exception {
        try (LocalKafka kafka = LocalKafka.start(folder, 0)) {
            ensureTopics(kafka.bootstrapServers());
            send(kafka.bootstrapServers(), "first");
            assertThat(take(kafka.bootstrapServers())).isEqualTo("first");
            send(kafka.bootstrapServers(), "second");
            kafka.stop();
            kafka.start();
            assertThat(take(kafka.bootstrapServers()))
                    .as("the group's place is kept too")
                    .isEqualTo("second");
            send(kafka.bootstrapServers(), "lost");
            kafka.stop();
            kafka.wipe();
            kafka.start();
            ensureTopics(kafka.bootstrapServers());
            send(kafka.bootstrapServers(), "third");
            assertThat(take(kafka.bootstrapServers())).isEqualTo("third");
        }
    }

    @Test
    void runsAsAProcessOfItsOwnAndRecoversFromAKill() throws Exception {
        String port = Integer.toString(Ports.free());
        try (JavaProcess first = JavaProcess.start(KafkaMain.class, List.of(), Map.of(), folder.toString(), port)) {
            String servers =
                    first.awaitLine(line -> line.startsWith("ready "), PATIENCE).split(" ")[1];
            assertThat(servers).isEqualTo("127.0.0.1:" + port);
            ensureTopics(servers);
            send(servers, "kept");
            first.kill();
        }
        try (JavaProcess second = JavaProcess.start(KafkaMain.class, List.of(), Map.of(), folder.toString(), port)) {
            second.awaitLine(line -> line.startsWith("ready "), PATIENCE);
            assertThat(take("127.0.0.1:" + port)).isEqualTo("kept");
            second.terminate();
            assertThat(second.awaitExit(PATIENCE)).isEqualTo(143);
        }
    }

    @Test
    void saysWhichPortIsInUse() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> LocalKafka.start(folder, taken.getLocalPort()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("port " + taken.getLocalPort() + ", which Kafka wants, is in use");
        }
    }

    private static void ensureTopics(String servers) {
        try (TopicAdmin admin = new TopicAdmin(new KafkaSettings(servers, 1, (short) 1))) {
            admin.ensure(List.of("test"));
        }
    }

    private static void send(String servers, String value) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", servers, "linger.ms", "0"),
                new StringSerializer(),
                new StringSerializer())) {
            producer.send(new ProducerRecord<>(TOPIC, value)).get(30, TimeUnit.SECONDS);
        }
    }

    /** The next record of the share group; it is accepted. */
    private static String take(String servers) {
        Map<String, Object> configuration = Map.of(
                "bootstrap.servers", servers, "group.id", Topics.SHARE_GROUP, "share.acknowledgement.mode", "explicit");
        try (KafkaShareConsumer<String, String> consumer =
                new KafkaShareConsumer<>(configuration, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(TOPIC));
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (System.nanoTime() < deadline) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    consumer.acknowledge(record, AcknowledgeType.ACCEPT);
                    consumer.commitSync();
                    return record.value();
                }
            }
        }
        throw new AssertionError("no record in " + PATIENCE);
    }
}
