package dev.safelight.common.store;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;

/** A process that puts one large object after the other, and says so after each, until it is killed. */
final class EndlessWriter {
    private EndlessWriter() {}

    static String key(int index) {
        return "outputs/endless/" + index + ".bin";
    }

    static byte[] bytes() {
        return ObjectStoreContract.bytes(64_000_000);
    }

    public static void main(String[] arguments) throws IOException {
        byte[] bytes = bytes();
        try (ObjectStore store = FileObjectStore.open(Path.of(arguments[0]), Clock.systemUTC())) {
            for (int index = 0; ; index++) {
                store.put(key(index), bytes, "application/octet-stream");
                System.out.println(index);
            }
        }
    }
}
