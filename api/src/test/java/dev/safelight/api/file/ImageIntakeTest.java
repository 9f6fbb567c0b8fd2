package dev.safelight.api.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import dev.safelight.api.Eventually;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageIntakeTest {
    private static final BufferedImage PICTURE = Images.picture(7, 5, BufferedImage.TYPE_INT_RGB);
    private static final byte[] PNG = Images.png(PICTURE);
    private static final byte[] JPEG = Images.jpeg(PICTURE);

    private final ImageIntake intake = new ImageIntake(1 << 20);

    /** @param code of the refusal */
    private record Evil(String name, String mediaType, byte[] bytes, String code) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Evil> evil() {
        byte[] zip = "PK\3\4 and so on".getBytes(StandardCharsets.ISO_8859_1);
        byte[] frame = Arrays.copyOfRange(JPEG, indexOf(JPEG, 0xC0), JPEG.length);
        byte[] cmyk = Images.joined(
                new byte[] {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF, (byte) 0xC0, 0, 20, 8, 0, 5, 0, 7, 4},
                new byte[12],
                frame);
        byte[] twelveBits = JPEG.clone();
        twelveBits[indexOf(JPEG, 0xC0) + 4] = 12;
        byte[] arithmetic = JPEG.clone();
        arithmetic[indexOf(JPEG, 0xC0) + 1] = (byte) 0xC9;
        byte[] scan = Arrays.copyOfRange(JPEG, indexOf(JPEG, 0xDA), JPEG.length - 2);
        byte[] scans = Images.joined(
                Arrays.copyOf(JPEG, JPEG.length - 2),
                Images.joined(Collections.nCopies(100, scan).toArray(new byte[0][])),
                new byte[] {(byte) 0xFF, (byte) 0xD9});
        byte[] damaged = PNG.clone();
        damaged[PNG.length - 20] ^= 1;
        byte[] resized = Images.WEBP_ALPHA.clone();
        resized[24] = 9;
        return Stream.of(
                new Evil("nothing", "image/png", new byte[0], "image_malformed"),
                new Evil("a GIF", "image/png", "GIF89a".getBytes(StandardCharsets.UTF_8), "image_malformed"),
                new Evil("a PNG that says it is a JPEG", "image/jpeg", PNG, "content_type_mismatch"),
                new Evil("a JPEG that says it is a PNG", "image/png", JPEG, "content_type_mismatch"),
                new Evil("a PNG with a ZIP behind it", "image/png", Images.joined(PNG, zip), "image_trailing_data"),
                new Evil("a JPEG with a ZIP behind it", "image/jpeg", Images.joined(JPEG, zip), "image_trailing_data"),
                new Evil(
                        "a JPEG with a JPEG behind it", "image/jpeg", Images.joined(JPEG, JPEG), "image_trailing_data"),
                new Evil("a WebP with a ZIP", "image/webp", Images.joined(Images.WEBP, zip), "image_trailing_data"),
                new Evil(
                        "a PNG whose rows go on behind their end",
                        "image/png",
                        Images.pngOf(1, 1, 8, 0, Images.joined(Images.packedNoughts(2), zip)),
                        "image_trailing_data"),
                new Evil("a damaged chunk", "image/png", damaged, "image_malformed"),
                new Evil(
                        "too few rows",
                        "image/png",
                        Images.pngOf(100, 100, 8, 2, Images.packedNoughts(100)),
                        "image_truncated"),
                new Evil(
                        "a bomb of rows",
                        "image/png",
                        Images.pngOf(100, 100, 8, 2, Images.packedNoughts(1L << 25)),
                        "image_malformed"),
                new Evil(
                        "more pixels than there are bytes",
                        "image/png",
                        Images.pngOf(65_535, 65_535, 1, 0, Images.packedNoughts(100)),
                        "image_too_large"),
                new Evil(
                        "a size beyond 31 bits",
                        "image/png",
                        Images.pngOf(-1, 1, 8, 0, Images.packedNoughts(2)),
                        "image_too_large"),
                new Evil(
                        "no pixels", "image/png", Images.pngOf(0, 5, 8, 0, Images.packedNoughts(2)), "image_malformed"),
                new Evil(
                        "an impossible depth",
                        "image/png",
                        Images.pngOf(5, 5, 16, 3, Images.packedNoughts(55)),
                        "image_malformed"),
                new Evil(
                        "an animated PNG",
                        "image/png",
                        Images.with(PNG, Images.chunk("acTL", new byte[8])),
                        "image_unsupported"),
                new Evil(
                        "a chunk that one must know",
                        "image/png",
                        Images.with(PNG, Images.chunk("EVIL", new byte[8])),
                        "image_malformed"),
                new Evil("CMYK", "image/jpeg", cmyk, "image_unsupported"),
                new Evil("a JPEG of 12 bits", "image/jpeg", twelveBits, "image_unsupported"),
                new Evil("an arithmetic JPEG", "image/jpeg", arithmetic, "image_unsupported"),
                new Evil("a JPEG of 100 scans", "image/jpeg", scans, "image_unsupported"),
                new Evil(
                        "a JPEG of 65,535 by 65,535",
                        "image/jpeg",
                        sized(JPEG, indexOf(JPEG, 0xC0) + 5, 0xFFFF, 0xFFFF),
                        "image_too_large"),
                new Evil("an animated WebP", "image/webp", Images.WEBP_ANIMATED, "image_unsupported"),
                new Evil("a WebP of two sizes", "image/webp", resized, "image_malformed"));
    }

    @ParameterizedTest
    @MethodSource("evil")
    void isRefusedForWhatItIs(Evil evil) {
        assertThatThrownBy(() -> take(evil.mediaType, evil.bytes))
                .isInstanceOfSatisfying(
                        UnusableImage.class,
                        refusal -> assertThat(refusal.code())
                                .as(refusal.getMessage())
                                .isEqualTo(evil.code));
    }

    @Test
    void theSamePixelsComeBackFromAPng() throws Exception {
        for (int type :
                List.of(BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_INT_ARGB, BufferedImage.TYPE_3BYTE_BGR)) {
            BufferedImage picture = Images.picture(33, 17, type);
            assertSame(
                    picture,
                    Images.decoded(take("image/png", Images.png(picture)).png()));
        }
        Normalised gray = take("image/png", Images.png(Images.picture(9, 9, BufferedImage.TYPE_USHORT_GRAY)));
        assertThat(gray.width()).isEqualTo(9);
        assertThat(Images.decoded(gray.png()).getSampleModel().getSampleSize(0)).isEqualTo(8);
    }

    @Test
    void jpegAndWebpOfEveryKindAreTaken() throws Exception {
        BufferedImage picture = Images.picture(40, 30, BufferedImage.TYPE_INT_RGB);
        for (byte[] jpeg : List.of(
                Images.jpeg(picture),
                Images.progressive(picture),
                Images.jpeg(Images.picture(40, 30, BufferedImage.TYPE_BYTE_GRAY)))) {
            Normalised taken = take("image/jpeg", jpeg);
            assertThat(taken.width()).isEqualTo(40);
            assertThat(taken.height()).isEqualTo(30);
        }
        for (byte[] webp : List.of(Images.WEBP, Images.WEBP_LOSSLESS, Images.WEBP_ALPHA)) {
            assertThat(take("image/webp", webp).width()).isEqualTo(1);
        }
    }

    /** Where the corner of the stored image and its first row are to be seen, by EXIF's own words. */
    @ParameterizedTest
    @CsvSource({
        "1, left, top, horizontal", "2, right, top, horizontal", "3, right, bottom, horizontal",
        "4, left, bottom, horizontal", "5, left, top, vertical", "6, right, top, vertical",
        "7, right, bottom, vertical", "8, left, bottom, vertical"
    })
    void theImageIsStoredUpright(int orientation, String side, String end, String row) throws Exception {
        byte[] turned = Images.with(PNG, Images.chunk("eXIf", Images.exif(orientation)));
        BufferedImage upright = Images.decoded(take("image/png", turned).png());
        boolean vertical = row.equals("vertical");
        assertThat(upright.getWidth()).isEqualTo(vertical ? 5 : 7);
        assertThat(upright.getHeight()).isEqualTo(vertical ? 7 : 5);
        int x = side.equals("left") ? 0 : upright.getWidth() - 1;
        int y = end.equals("top") ? 0 : upright.getHeight() - 1;
        assertThat(upright.getRGB(x, y)).isEqualTo(PICTURE.getRGB(0, 0));
        int step = vertical ? (y == 0 ? 1 : -1) : (x == 0 ? 1 : -1);
        assertThat(upright.getRGB(vertical ? x : x + step, vertical ? y + step : y))
                .as("the second pixel of the first row")
                .isEqualTo(PICTURE.getRGB(1, 0));
        byte[] jpeg = Images.with(
                JPEG, 0xE1, Images.joined("Exif\0\0".getBytes(StandardCharsets.ISO_8859_1), Images.exif(orientation)));
        assertThat(take("image/jpeg", jpeg).width()).isEqualTo(upright.getWidth());
    }

    @Test
    void nothingButPixelsIsStored() throws Exception {
        byte[] secret = "secret place".getBytes(StandardCharsets.ISO_8859_1);
        byte[] bomb = Images.joined("name\0\0".getBytes(StandardCharsets.ISO_8859_1), Images.packedNoughts(1L << 25));
        byte[] loaded = PNG;
        for (byte[] chunk : List.of(
                Images.chunk("tEXt", Images.joined("Comment\0".getBytes(StandardCharsets.ISO_8859_1), secret)),
                Images.chunk("zTXt", bomb),
                Images.chunk("iCCP", bomb),
                Images.chunk("eXIf", Images.joined(Images.exif(1), secret)),
                Images.chunk("prVt", secret))) {
            loaded = Images.with(loaded, chunk);
        }
        byte[] commented = Images.with(Images.with(JPEG, 0xFE, secret), 0xE2, secret);
        for (Normalised stored : List.of(take("image/png", loaded), take("image/jpeg", commented))) {
            assertThat(new String(stored.png(), StandardCharsets.ISO_8859_1))
                    .doesNotContain("secret", "tEXt", "iCCP", "eXIf", "prVt");
        }
        assertSame(PICTURE, Images.decoded(take("image/png", loaded).png()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"image/png", "image/jpeg", "image/webp"})
    void noPartOfAnImageIsTakenForAnImage(String mediaType) {
        byte[] whole = whole(mediaType);
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> take(mediaType, part))
                    .as("the first %d of %d bytes", length, whole.length)
                    .isInstanceOf(UnusableImage.class);
        }
    }

    /** Whatever is changed in it, an image is taken or refused: nothing else comes out. */
    @ParameterizedTest
    @ValueSource(strings = {"image/png", "image/jpeg", "image/webp"})
    void aBrokenImageIsARefusalAndNoAccident(String mediaType) throws Exception {
        byte[] whole = whole(mediaType);
        for (int at = 0; at < whole.length; at++) {
            for (int change : new int[] {0x01, 0x80, 0xFF}) {
                byte[] broken = whole.clone();
                broken[at] ^= (byte) change;
                try {
                    take(mediaType, broken);
                } catch (UnusableImage refusal) {
                    assertThat(refusal.code()).isNotBlank();
                } catch (RuntimeException | Error accident) {
                    fail("byte %d changed by %x".formatted(at, change), accident);
                }
            }
        }
    }

    /** However many images a tenant has waiting, another's stands behind no more than a few of them. */
    @Test
    void aTenantsImagesWaitInALineOfTheirOwn() throws Exception {
        BlockingQueue<String> entered = new LinkedBlockingQueue<>();
        Semaphore leave = new Semaphore(0);
        List<Thread> all = new ArrayList<>();
        for (String tenant : List.of("a", "a", "a", "a", "a", "b")) {
            Thread thread = Thread.startVirtualThread(() -> {
                try {
                    intake.place(tenant, "image/png", () -> {
                        entered.add(tenant);
                        leave.acquireUninterruptibly();
                        return tenant;
                    });
                } catch (UnusableImage | IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            all.add(thread);
            Eventually.becomes(
                    "it is in, or waits",
                    () -> thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING);
        }
        assertThat(List.of(entered.take(), entered.take())).containsExactly("a", "a");
        leave.release();
        assertThat(entered.take()).isEqualTo("b");
        leave.release(5);
        for (Thread thread : all) {
            thread.join();
        }
    }

    private Normalised take(String mediaType, byte[] bytes) throws UnusableImage {
        return intake.take(mediaType, new Bytes(bytes.clone()));
    }

    private static byte[] whole(String mediaType) {
        return switch (mediaType) {
            case "image/png" -> PNG;
            case "image/jpeg" -> JPEG;
            default -> Images.WEBP_ALPHA;
        };
    }

    private static void assertSame(BufferedImage expected, BufferedImage actual) {
        assertThat(actual.getWidth()).isEqualTo(expected.getWidth());
        assertThat(actual.getHeight()).isEqualTo(expected.getHeight());
        for (int y = 0; y < expected.getHeight(); y++) {
            for (int x = 0; x < expected.getWidth(); x++) {
                assertThat(actual.getRGB(x, y)).isEqualTo(expected.getRGB(x, y));
            }
        }
    }

    private static int indexOf(byte[] jpeg, int marker) {
        for (int at = 0; ; at++) {
            if ((jpeg[at] & 0xFF) == 0xFF && (jpeg[at + 1] & 0xFF) == marker) {
                return at;
            }
        }
    }

    private static byte[] sized(byte[] jpeg, int at, int height, int width) {
        byte[] sized = jpeg.clone();
        sized[at] = (byte) (height >> 8);
        sized[at + 1] = (byte) height;
        sized[at + 2] = (byte) (width >> 8);
        sized[at + 3] = (byte) width;
        return sized;
    }
}
