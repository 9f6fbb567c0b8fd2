package dev.safelight.common.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** A file with a random name for the folder it is in, written by whichever process comes first. */
final class StoreMarker {
    static final String FILE = ".store-id";

    private StoreMarker() {}

    /** Synchronized because a file lock keeps out other processes and throws at other threads of this one. */
    static synchronized UUID read(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(
                        folder.resolve(FILE),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            if (channel.size() == 0) {
                channel.write(StandardCharsets.US_ASCII.encode(UUID.randomUUID().toString()), 0);
                channel.force(true);
            }
            ByteBuffer text = ByteBuffer.allocate((int) channel.size());
            channel.read(text, 0);
            return UUID.fromString(
                    StandardCharsets.US_ASCII.decode(text.flip()).toString().strip());
        }
    }
}
