package dev.safelight.standalone;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.safelight.worker.store.JobStore;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What may touch what, as docs/architecture.md draws the house. */
class HouseRulesTest {
    private static JavaClasses house;

    @BeforeAll
    static void readTheHouse() {
        house = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                // What a module lends to the tests of others comes as a jar.
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importPackages("dev.safelight");
        // A rule about packages that were not read would hold for ever.
        for (String module : new String[] {"common", "migrations", "embedded", "api", "worker", "standalone"}) {
            assertThat(house.stream().map(type -> type.getPackageName()))
                    .as("classes of %s", module)
                    .anyMatch(name -> name.startsWith("dev.safelight." + module));
        }
    }

    @Test
    void apiAndWorkerKnowNothingOfEachOther() {
        noClasses()
                .that()
                .resideInAPackage("..safelight.api..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("..safelight.worker..")
                .check(house);
        noClasses()
                .that()
                .resideInAPackage("..safelight.worker..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("..safelight.api..")
                .check(house);
    }

    @Test
    void commonKnowsNobodyAndNobodyKnowsStandalone() {
        noClasses()
                .that()
                .resideInAPackage("..safelight.common..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "..safelight.api..",
                        "..safelight.worker..",
                        "..safelight.migrations..",
                        "..safelight.embedded..",
                        "..safelight.standalone..")
                .check(house);
        noClasses()
                .that()
                .resideOutsideOfPackages("..safelight.standalone..", "..safelight.bench..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("..safelight.standalone..")
                .check(house);
    }

    @Test
    void samplingIsArithmetic() {
        noClasses()
                .that()
                .resideInAPackage("..common.sampling..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "ai.djl..",
                        "org.apache.kafka..",
                        "java.sql..",
                        "javax.sql..",
                        "org.jdbi..",
                        "java.io..",
                        "java.nio..",
                        "java.time..",
                        "java.util.concurrent..",
                        "java.util.random..",
                        "com.fasterxml..",
                        "..common.bundle..",
                        "..common.request..",
                        "..common.store..")
                .check(house);
        noClasses()
                .that()
                .resideInAPackage("..common.sampling..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.util.Random")
                .check(house);
        noClasses()
                .that()
                .resideInAPackage("..common.sampling..")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Math.class, "random")
                .check(house);
    }

    @Test
    void onlyModelTouchesDjl() {
        noClasses()
                .that()
                .resideOutsideOfPackage("..worker.model..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl..")
                .check(house);
    }

    @Test
    void onlyStoreHoldsSqlInTheWorker() {
        noClasses()
                .that()
                .resideInAPackage("..safelight.worker..")
                .and()
                .resideOutsideOfPackage("..worker.store..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "javax.sql..", "org.jdbi.v3.core.statement..")
                .check(house);
    }

    @Test
    void batchingKnowsNeitherKafkaNorStores() {
        noClasses()
                .that()
                .resideInAPackage("..worker.batch..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.kafka..", "org.jdbi..", "java.sql..", "..common.store..")
                .check(house);
    }

    /** A job starts when it is claimed; only what a record of Kafka named is claimed. */
    @Test
    void jobsStartThroughKafkaRecordsOnly() {
        for (String name : new String[] {"claim", "adopt"}) {
            methods()
                    .that()
                    .areDeclaredIn(JobStore.class)
                    .and()
                    .haveName(name)
                    .should()
                    .onlyBeCalled()
                    .byClassesThat()
                    .haveFullyQualifiedName("dev.safelight.worker.intake.ClaimDesk")
                    .check(house);
        }
        methods()
                .that()
                .areDeclaredIn("dev.safelight.worker.intake.ClaimDesk")
                .and()
                .haveName("claim")
                .should()
                .onlyBeCalled()
                .byMethodsThat(describe(
                        "poll a lane of Kafka", method -> method.getFullName().contains("LaneIntake.pollOnce(")))
                .check(house);
    }

    @Test
    void noPackageIsADrawerForAnything() {
        noClasses()
                .should()
                .resideInAnyPackage("..util..", "..utils..", "..manager..", "..helper..", "..misc..")
                .check(house);
    }

    @Test
    void packagesOfAModuleFormNoCircle() {
        for (String module : new String[] {"common", "api", "worker"}) {
            slices().matching("dev.safelight." + module + ".(*)..")
                    .should()
                    .beFreeOfCycles()
                    .check(house);
        }
    }
}
