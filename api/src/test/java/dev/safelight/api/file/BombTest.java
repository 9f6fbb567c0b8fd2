package dev.safelight.api.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.embedded.testing.JavaProcess;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * What it costs to refuse an image that would unpack to gigabytes, or that is an archive as well: the memory of a process of
 * its own, native parts included.
 */
@EnabledOnOs(OS.LINUX)
class BombTest {
    private static final long MOST_GROWTH_KB = 64 << 10;

    @Test
    void refusingABombOrAPolyglotTakesNoMemory() {
        try (JavaProcess process = JavaProcess.start(Bombs.class, List.of("-Xmx512m"), Map.of())) {
            String line = process.awaitLine(text -> text.startsWith("growth "), Duration.ofMinutes(2));
            long growth = Long.parseLong(line.split(" ")[1]);
            System.out.println("refusing bombs: " + line + " kB");
            assertThat(growth).isLessThan(MOST_GROWTH_KB);
            assertThat(process.awaitExit(Duration.ofSeconds(30))).isZero();
        }
    }

    /** Made before the measurement, so that only their handling is measured. */
    static final class Bombs {
        /** Four times what is allowed for handling them. */
        private static final long UNPACKED = 256 << 20;

        private static final Path STATUS = Path.of("/proc/self/status");

        private Bombs() {}

        public static void main(String[] arguments) throws Exception {
            ImageIntake intake = new ImageIntake(4_194_304);
            byte[] noughts = Images.packedNoughts(UNPACKED);
            List<byte[]> pngs = List.of(
                    Images.pngOf(60_000, 60_000, 8, 6, noughts),
                    Images.pngOf(2_000, 2_000, 8, 6, noughts),
                    Images.pngOf(8, 8, 8, 0, noughts),
                    bombed("zTXt", noughts),
                    bombed("iTXt", noughts),
                    bombed("iCCP", noughts));
            byte[] jpeg = Images.jpeg(Images.picture(64, 64, BufferedImage.TYPE_INT_RGB));
            for (int at = 0; at < jpeg.length - 9; at++) {
                if ((jpeg[at] & 0xFF) == 0xFF && (jpeg[at + 1] & 0xFF) == 0xC0) {
                    for (int i = 5; i < 9; i++) {
                        jpeg[at + i] = (byte) 0xFF;
                    }
                    break;
                }
            }
            byte[] webp = Images.WEBP_LOSSLESS.clone();
            for (int i = 21; i < 25; i++) {
                webp[i] = (byte) 0xFF;
            }
            byte[] small = Images.png(Images.picture(64, 64, BufferedImage.TYPE_INT_RGB));
            byte[] photograph = Images.jpeg(Images.picture(64, 64, BufferedImage.TYPE_INT_RGB));
            byte[] archive = archive(UNPACKED);
            Map<byte[], String> polyglots = Map.of(
                    Images.joined(small, archive), "image/png",
                    Images.joined(small, pngs.getFirst()), "image/png",
                    Images.joined(photograph, archive), "image/jpeg",
                    Images.joined(photograph, pngs.getFirst()), "image/jpeg",
                    Images.joined(Images.WEBP, archive), "image/webp",
                    Images.joined(archive, small), "image/png");
            take(intake, "image/png", small);
            take(intake, "image/jpeg", photograph);
            take(intake, "image/webp", Images.WEBP);
            System.gc();

            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
            long before = kilobytes("VmRSS");
            for (byte[] png : pngs) {
                take(intake, "image/png", png);
            }
            take(intake, "image/jpeg", jpeg);
            take(intake, "image/webp", webp);
            for (Map.Entry<byte[], String> polyglot : polyglots.entrySet()) {
                if (take(intake, polyglot.getValue(), polyglot.getKey())) {
                    throw new IllegalStateException("took a polyglot of " + polyglot.getValue());
                }
            }
            System.out.println("growth " + (kilobytes("VmHWM") - before));
        }

        private static byte[] bombed(String chunk, byte[] noughts) {
            byte[] text = Images.joined("a\0\1\0\0\0".getBytes(StandardCharsets.ISO_8859_1), noughts);
            return Images.with(
                    Images.png(Images.picture(64, 64, BufferedImage.TYPE_INT_RGB)), Images.chunk(chunk, text));
        }

        /** A ZIP of one file of so many noughts. */
        private static byte[] archive(long unpacked) throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (ZipOutputStream zip = new ZipOutputStream(out)) {
                zip.putNextEntry(new ZipEntry("noughts"));
                byte[] block = new byte[1 << 16];
                for (long left = unpacked; left > 0; left -= block.length) {
                    zip.write(block);
                }
            }
            return out.toByteArray();
        }

        private static boolean take(ImageIntake intake, String mediaType, byte[] bytes) throws InterruptedException {
            try {
                intake.take(mediaType, new Bytes(bytes));
                return true;
            } catch (UnusableImage refusal) {
                System.out.println(refusal.code() + ": " + refusal.getMessage());
                return false;
            }
        }

        private static long kilobytes(String field) throws IOException {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(field + ":"))
                    .map(line -> line.replaceAll("\\D", ""))
                    .mapToLong(Long::parseLong)
                    .findFirst()
                    .orElseThrow();
        }
    }
}
