package dev.safelight.standalone.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.safelight.embedded.testing.JavaProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shell script {@code safelight}, in a checkout of its own, with JDKs and a Maven that only say how they were called. */
class LauncherTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** What the script may use; a directory of links, so that no JDK or Maven of this machine is on the PATH. */
    private static final List<String> TOOLS = List.of(
            "sh",
            "dirname",
            "sed",
            "head",
            "find",
            "touch",
            "mkdir",
            "mv",
            "readlink",
            "awk",
            "cat",
            "env",
            "grep",
            "cmp",
            "cp");

    @TempDir
    private Path folder;

    private Path checkout;
    private Path path;
    private final Map<String, String> environment = new HashMap<>();

    private record Ended(int status, String output) {}

    @BeforeEach
    void prepare() throws IOException {
        checkout = Files.createDirectory(folder.resolve("check out"));
        Files.copy(Path.of(System.getProperty("safelight.root"), "safelight"), checkout.resolve("safelight"));
        executable(checkout.resolve("safelight"));
        Files.writeString(checkout.resolve("pom.xml"), "<project/>");
        Files.createDirectories(checkout.resolve("standalone/src/main"));
        Files.writeString(checkout.resolve("standalone/pom.xml"), "<project/>");
        path = Files.createDirectory(folder.resolve("path"));
        for (String tool : TOOLS) {
            Files.createSymbolicLink(path.resolve(tool), which(tool));
        }
        environment.put("PATH", path.toString());
        environment.put("HOME", folder.resolve("home").toString());
        environment.put("SAFELIGHT_JDK_FOLDERS", folder.resolve("jdks").toString());
        environment.put("JAVA_HOME", "");
        environment.put("SAFELIGHT_JAVA_HOME", "");
        List.of("OMP_WAIT_POLICY", "NVIDIA_TF32_OVERRIDE").forEach(name -> environment.put(name, ""));
    }

    /** JUnit would say of every link that it leads out of the folder. */
    @AfterEach
    void removeLinks() throws IOException {
        for (String tool : TOOLS) {
            Files.delete(path.resolve(tool));
        }
        Files.deleteIfExists(path.resolve("javac"));
    }

    @Test
    void saysWhatToInstallWithoutAJdk() {
        assertOneLine(run("up"), "no JDK 25 or newer found. Install one");
    }

    @Test
    void saysThatJavaHomeIsTooOld() throws IOException {
        environment.put("JAVA_HOME", jdk("old", "17.0.2").toString());
        assertOneLine(run("up"), "JAVA_HOME=" + environment.get("JAVA_HOME") + " is JDK 17");
    }

    @Test
    void refusesAFolderItWasToldToUseThatIsNoJdk() throws IOException {
        jdk("jdks/good", "25.0.1");
        environment.put("SAFELIGHT_JAVA_HOME", folder.resolve("nothing").toString());
        assertOneLine(run("up"), "is no JDK 25 or newer");
    }

    @Test
    void findsAJdkWhereInstallersPutThemWhenJavaHomeIsTooOld() throws IOException {
        build();
        environment.put("JAVA_HOME", jdk("old", "21").toString());
        jdk("jdks/a-old", "17.0.2");
        Path good = jdk("jdks/b-good", "25.0.1");
        assertThat(run("up").output()).contains("java of " + good);
        // As packages for macOS lay it out.
        Files.move(
                good,
                Files.createDirectories(folder.resolve("jdks/c.jdk/Contents")).resolve("Home"));
        assertThat(run("up").output()).contains("c.jdk/Contents/Home");
    }

    @Test
    void believesWhatAJdkHasWrittenOfItself() throws IOException {
        build();
        Path old = jdk("jdks/a-old", "99");
        Files.writeString(old.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.2\"\n");
        Path good = jdk("jdks/b-good", "1");
        Files.writeString(good.resolve("release"), "JAVA_VERSION=\"25\"\nJAVA_RUNTIME_VERSION=\"25+36\"\n");
        assertThat(run("up").output()).contains("java of " + good);
    }

    @Test
    void findsTheJdkBehindTheLinksOfThePath() throws IOException {
        build();
        Path good = jdk("elsewhere/jdk", "26-ea");
        Files.createSymbolicLink(path.resolve("javac"), good.resolve("bin/javac"));
        assertThat(run("up").output()).contains("java of " + good);
    }

    @Test
    void handsOverFlagsAndArguments() throws IOException {
        build();
        jdk("jdks/good", "25");
        environment.put("SAFELIGHT_JAVA_OPTIONS", "-Da=1 -Db=2");
        String output =
                run("submit", "--class", "ankle boot", "--metadata", "a=*").output();
        assertThat(output)
                .contains(
                        "\n-XX:+ExitOnOutOfMemoryError\n--enable-native-access=ALL-UNNAMED\n--sun-misc-unsafe-memory-access=allow\n"
                                + "--add-opens=java.base/java.lang=ALL-UNNAMED\n")
                .contains("\n-Djava.awt.headless=true\n-Dsafelight.root=" + checkout
                        + "\n-Dsafelight.terminal=false\n-Da=1\n-Db=2\n")
                .contains("\ndev.safelight.standalone.Main\nsubmit\n--class\nankle boot\n--metadata\na=*\n")
                .contains("\nOMP_WAIT_POLICY=PASSIVE NVIDIA_TF32_OVERRIDE=0")
                .contains("/safelight-standalone-1.jar:")
                .doesNotContain("-tests.jar");
        assertThat(run("bench", "enqueue").output()).contains("\ndev.safelight.bench.Main\nenqueue\n");
    }

    @Test
    void buildsWhatIsNotBuiltOrOlderThanItsSources() throws IOException {
        jdk("jdks/good", "25");
        assertOneLine(run("up"), "building", "Maven not found. Install Maven 3.8 or newer");
        maven(0);
        assertThat(run("up").output()).contains("mvn: ", "-DskipTests package", "java of");
        assertThat(run("up").output()).as("nothing changed").doesNotContain("mvn: ");
        Path source = Files.writeString(checkout.resolve("standalone/src/main/New.java"), "class New {}");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
        assertThat(run("up").output()).as("a newer source").contains("mvn: ");
        maven(1);
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(60)));
        Ended failed = run("up");
        assertThat(failed.status()).isNotZero();
        assertThat(failed.output()).contains("the build failed").doesNotContain("java of");
    }

    @Test
    void runsEveryTestAndEndsAsMavenDid() throws IOException {
        jdk("jdks/good", "25");
        maven(0);
        Ended passed = run("test");
        assertThat(passed.status()).isZero();
        // Otherwise the modules that depend on one with a failed test would not be tested.
        assertThat(passed.output())
                .contains("-Dmaven.test.failure.ignore=true")
                .contains("-Dsafelight.long=false verify");
        assertThat(run("test", "--long").output()).contains("-Dsafelight.long=true verify");
        maven(1);
        assertThat(run("test").status()).isEqualTo(1);
        assertThat(run("test", "--fast").status()).isEqualTo(1);
    }

    @Test
    void addsUpTheTestsOfAllModulesAndFailsWhenOneFailed() throws IOException {
        jdk("jdks/good", "25");
        Path reports = Files.createDirectories(checkout.resolve("api/target/surefire-reports"));
        Path stale = Files.writeString(
                reports.resolve("old.txt"), "Tests run: 50, Failures: 3, Errors: 0, Skipped: 0, Time\n");
        Files.setLastModifiedTime(stale, FileTime.from(Instant.now().minusSeconds(3600)));
        reporting("Tests run: 3, Failures: 0, Errors: 0, Skipped: 1");
        Ended passed = run("test");
        assertThat(passed.output()).endsWith("Tests run: 6, Failures: 0, Errors: 0, Skipped: 2");
        assertThat(passed.status()).isZero();
        reporting("Tests run: 3, Failures: 10, Errors: 0, Skipped: 1");
        Ended failed = run("test");
        assertThat(failed.output()).endsWith("Tests run: 6, Failures: 20, Errors: 0, Skipped: 2");
        assertThat(failed.status()).isEqualTo(1);
        reporting("Tests run: 3, Failures: 0, Errors: 1, Skipped: 0");
        assertThat(run("test").status()).isEqualTo(1);
    }

    @Test
    void importsWithAPythonOfItsOwn() throws IOException {
        Path list = Files.createDirectories(checkout.resolve("models/export")).resolve("import-requirements.txt");
        Files.writeString(list, "torch\n");
        assertOneLine(run("import", "sd"), "importing needs Python 3.11 to 3.13 with venv");
        environment.put("SAFELIGHT_PYTHON", "no python");
        assertOneLine(run("import", "sd"), "SAFELIGHT_PYTHON=no python is no Python");

        Path python = folder.resolve("my python");
        script(python, """
                case "$*" in
                "-c "*) ;;
                "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; echo "environment made" ;;
                *) echo "python: $*; PYTHONPATH=${PYTHONPATH:-}" ;;
                esac""");
        environment.put("SAFELIGHT_PYTHON", python.toString());
        String models = checkout.resolve("models").toString();
        assertThat(run("import", "a folder", "--help").output())
                .contains("-m models.export.import_options --help; PYTHONPATH=" + checkout)
                .doesNotContain("environment made");
        assertThat(run("import", "a folder", "--name", "x").output())
                .contains("environment made", "-m pip install", "--requirement " + list)
                .contains("-m models.export.import_diffusers --models " + models + " a folder --name x; PYTHONPATH="
                        + checkout);
        assertThat(run("import", "a folder").output())
                .as("made once")
                .doesNotContain("environment made", "pip")
                .contains("import_diffusers");
        Files.writeString(list, "torch\ndiffusers\n");
        assertThat(run("import", "a folder").output()).as("another list").contains("-m pip install");
    }

    /** Under an older JDK the build itself says what is wrong, before anything else can. */
    @Test
    void theBuildNamesTheJdkItNeeds() {
        Path old = olderJdk().orElse(null);
        assumeTrue(old != null, "no older JDK on this machine");
        Ended ended = run(
                List.of(which("mvn").toString(), "-B", "-N", "-q", "validate"),
                Map.of("JAVA_HOME", old.toString(), "MAVEN_OPTS", ""),
                Path.of(System.getProperty("safelight.root")));
        assertThat(ended.status()).isNotZero();
        assertThat(ended.output().lines().filter(line -> line.contains("JDK")))
                .singleElement()
                .asString()
                .contains("Safelight needs JDK 25 or newer: set JAVA_HOME");
    }

    private static Optional<Path> olderJdk() {
        try (Stream<Path> homes = Files.list(Path.of("/usr/lib/jvm"))) {
            return homes.filter(home -> Files.isExecutable(home.resolve("bin/javac")))
                    .filter(home -> {
                        try (Stream<String> lines = Files.lines(home.resolve("release"))) {
                            return lines.anyMatch(line -> line.matches("JAVA_VERSION=\"(11|17|21)[.\"].*"));
                        } catch (IOException e) {
                            return false;
                        }
                    })
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** A Maven that succeeds, and leaves a report with this line in each of two modules. */
    private void reporting(String line) throws IOException {
        script(
                path.resolve("mvn"),
                "for module in api worker; do mkdir -p \"$PWD/$module/target/surefire-reports\";"
                        + " report=\"$PWD/$module/target/surefire-reports/new.txt\";"
                        + " echo '" + line + ", Time elapsed: 1 s' > \"$report\";"
                        + " touch -d 'now + 2 seconds' \"$report\"; done");
    }

    private static void assertOneLine(Ended ended, String... parts) {
        assertThat(ended.status()).isNotZero();
        assertThat(ended.output()).contains(parts);
        assertThat(ended.output().lines()).hasSize(parts.length).allMatch(line -> line.startsWith("safelight: "));
    }

    private Ended run(String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(checkout.resolve("safelight").toString()));
        command.addAll(List.of(arguments));
        return run(command, environment, checkout);
    }

    private static Ended run(List<String> command, Map<String, String> environment, Path folder) {
        try (JavaProcess process = JavaProcess.start("safelight", command, environment, folder)) {
            int status = process.awaitExit(PATIENCE);
            return new Ended(status, process.output());
        }
    }

    /** A finished build, newer than all sources. */
    private void build() throws IOException {
        for (String module : List.of("standalone", "bench")) {
            Path target = Files.createDirectories(checkout.resolve(module + "/target/lib"))
                    .getParent();
            Files.writeString(target.resolve("safelight-" + module + "-1-tests.jar"), "");
            Files.writeString(target.resolve("safelight-" + module + "-1.jar"), "");
        }
        Path stamp = Files.writeString(checkout.resolve("standalone/target/.built"), "");
        Files.setLastModifiedTime(stamp, FileTime.from(Instant.now().plusSeconds(5)));
    }

    private Path jdk(String name, String version) throws IOException {
        Path home = folder.resolve(name);
        Path binaries = Files.createDirectories(home.resolve("bin"));
        script(binaries.resolve("javac"), "echo javac " + version);
        script(
                binaries.resolve("java"),
                "echo \"java of $(CDPATH= cd -- \"$(dirname -- \"$0\")/..\" && pwd)\"; printf '%s\\n' \"$@\";"
                        + " echo OMP_WAIT_POLICY=$OMP_WAIT_POLICY NVIDIA_TF32_OVERRIDE=$NVIDIA_TF32_OVERRIDE");
        return home;
    }

    private void maven(int status) throws IOException {
        script(path.resolve("mvn"), "echo \"mvn: $*\"; exit " + status);
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + text + "\n");
        executable(file);
    }

    private static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path which(String tool) {
        return List.of("/bin", "/usr/bin", "/usr/local/bin").stream()
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError("this machine has no " + tool));
    }
}
