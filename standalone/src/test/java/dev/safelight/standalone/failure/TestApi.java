package dev.safelight.standalone.failure;

import dev.safelight.api.ApiServer;
import dev.safelight.api.ApiSettings;
import dev.safelight.api.relay.RelayStage;
import dev.safelight.common.config.Settings;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;

/** The API as a process that dies, as if killed, when its relay passes a stage for the n-th time. */
public final class TestApi {
    static final int DIED_AT_STAGE = 87;

    private TestApi() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Settings settings = new Settings(System.getenv());
        ApiSettings apiSettings = ApiSettings.read(settings);
        settings.check();
        String fatal = System.getenv("TEST_DIE_AT");
        int times = Integer.parseInt(System.getenv().getOrDefault("TEST_DIE_AFTER", "1"));
        CountDownLatch left = new CountDownLatch(times);
        ApiServer server = ApiServer.start(apiSettings, stage -> {
            if (stage.name().equals(fatal)) {
                left.countDown();
                if (left.getCount() == 0) {
                    Runtime.getRuntime().halt(DIED_AT_STAGE);
                }
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(server::close));
        System.out.println("api ready " + server.url() + " of stages " + RelayStage.values().length);
    }
}
