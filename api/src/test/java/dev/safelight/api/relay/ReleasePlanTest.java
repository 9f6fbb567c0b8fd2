package dev.safelight.api.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.relay.ReleasePlan.Candidate;
import dev.safelight.api.relay.ReleasePlan.Capacity;
import dev.safelight.api.relay.ReleasePlan.InFlight;
import dev.safelight.api.relay.ReleasePlan.Release;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.wire.Topics.Lane;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReleasePlanTest {
    private static final Capacity SIXTEEN = new Capacity(16, 32);
    private static final int LOW = 0;
    private static final int NORMAL = 1;
    private static final int HIGH = 2;

    @Test
    void aTenantAtItsLimitLeavesItsPlaceToOthers() {
        List<Candidate> candidates = new ArrayList<>(waiting("limited", HIGH, 50));
        candidates.addAll(waiting("other", LOW, 50));
        List<Release> plan = ReleasePlan.of(SIXTEEN, List.of(), candidates, Map.of("limited", 3));
        Map<String, Long> released = plan.stream()
                .collect(Collectors.groupingBy(
                        release -> release.candidate().job().tenantId(), Collectors.counting()));
        assertThat(released).containsEntry("limited", 3L);
        assertThat(released.get("other")).isGreaterThanOrEqualTo(29);
        assertThat(ReleasePlan.of(SIXTEEN, List.of(), waiting("limited", HIGH, 5), Map.of("limited", 0)))
                .isEmpty();
    }

    @Test
    void whatIsReleasedIsSharedByWeight() {
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            candidates.add(new Candidate(new JobKey("one", JobIds.next()), 1, NORMAL, null));
            candidates.add(new Candidate(new JobKey("three", JobIds.next()), 3, NORMAL, null));
        }
        Map<String, Long> released = ReleasePlan.of(SIXTEEN, List.of(), candidates).stream()
                .collect(Collectors.groupingBy(
                        release -> release.candidate().job().tenantId(), Collectors.counting()));
        assertThat(released).isEqualTo(Map.of("one", 8L, "three", 24L));
    }

    @Test
    void withoutAWorkerNothingIsReleased() {
        assertThat(ReleasePlan.of(new Capacity(0, 0), List.of(), waiting("a", HIGH, 5)))
                .isEmpty();
    }

    @Test
    void whatAFreeSlotTakesGoesByTheRegularLaneHoweverUrgent() {
        List<Release> plan =
                ReleasePlan.of(SIXTEEN, List.of(flying("b", LOW, Lane.REGULAR, 15)), waiting("a", HIGH, 1));
        assertThat(plan).extracting(Release::lane).containsExactly(Lane.REGULAR);
    }

    @Test
    void aFloodFillsTheWindowAndNoMore() {
        List<Release> plan = ReleasePlan.of(SIXTEEN, List.of(), waiting("a", LOW, 5000));
        assertThat(plan).hasSize(32).extracting(Release::lane).containsOnly(Lane.REGULAR);
        assertThat(plan)
                .extracting(release -> release.candidate().job().jobId().toString())
                .isSorted();
    }

    @Test
    void anotherTenantsFirstJobsJumpAFloodUpToTheirShare() {
        List<Release> plan =
                ReleasePlan.of(SIXTEEN, List.of(flying("a", LOW, Lane.REGULAR, 32)), waiting("b", LOW, 100));
        assertThat(plan).hasSize(8).extracting(Release::lane).containsOnly(Lane.EXPRESS);
    }

    @Test
    void weightsMoveTheShare() {
        List<InFlight> flood = List.of(new InFlight("a", 3, LOW, Lane.REGULAR, 32));
        assertThat(ReleasePlan.of(SIXTEEN, flood, waiting("b", LOW, 100))).hasSize(4);
    }

    @Test
    void anUrgentJobOfTheFloodingTenantJumpsItsOwnFlood() {
        List<Release> plan =
                ReleasePlan.of(SIXTEEN, List.of(flying("a", LOW, Lane.REGULAR, 32)), waiting("a", HIGH, 1));
        assertThat(plan).extracting(Release::lane).containsExactly(Lane.EXPRESS);
    }

    @Test
    void aShareIsNoReasonToOvertakeWhatIsMoreUrgent() {
        List<InFlight> urgent = List.of(flying("a", HIGH, Lane.REGULAR, 32));
        assertThat(ReleasePlan.of(SIXTEEN, urgent, waiting("b", NORMAL, 5))).isEmpty();
    }

    @Test
    void eachTenantsUrgentFloodTakesHalfOfTheHeadroomThatIsLeft() {
        List<InFlight> inFlight = new ArrayList<>(List.of(flying("z", LOW, Lane.REGULAR, 32)));
        List<Integer> taken = new ArrayList<>();
        for (String tenant : List.of("a", "b", "c", "d", "e")) {
            int releases = ReleasePlan.of(SIXTEEN, inFlight, waiting(tenant, HIGH, 100))
                    .size();
            inFlight.add(flying(tenant, HIGH, Lane.EXPRESS, releases));
            taken.add(releases);
        }
        assertThat(taken).containsExactly(16, 8, 4, 2, 1);
        assertThat(ReleasePlan.of(SIXTEEN, inFlight, waiting("f", HIGH, 100)))
                .as("the last place")
                .hasSize(1);
    }

    @Test
    void withoutHeadroomUrgentJobsWaitForTheWindow() {
        Capacity none = new Capacity(4, 0);
        List<InFlight> full = List.of(flying("a", LOW, Lane.REGULAR, 8));
        assertThat(ReleasePlan.of(none, full, waiting("b", HIGH, 3))).isEmpty();
        List<InFlight> almost = List.of(flying("a", LOW, Lane.REGULAR, 7));
        assertThat(ReleasePlan.of(none, almost, waiting("b", HIGH, 3)))
                .extracting(Release::lane)
                .containsExactly(Lane.REGULAR);
    }

    @Test
    void tenantsTakeTurnsWithinAPriority() {
        List<Candidate> candidates = new ArrayList<>(waiting("a", NORMAL, 50));
        candidates.addAll(waiting("b", NORMAL, 50));
        candidates.addAll(waiting("c", HIGH, 2));
        List<Release> plan = ReleasePlan.of(new Capacity(6, 0), List.of(), candidates);
        assertThat(plan.subList(0, 8))
                .extracting(release -> release.candidate().job().tenantId())
                .containsExactly("c", "c", "a", "b", "a", "b", "a", "b");
    }

    /** What must hold whatever waits and flies, over many random situations. */
    @Test
    void invariantsHoldInRandomSituations() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        int released = 0;
        int express = 0;
        for (int round = 0; round < 3000; round++) {
            Situation situation = Situation.random(random);
            List<Release> plan = ReleasePlan.of(situation.capacity, situation.inFlight, situation.candidates);
            situation.check(plan);
            assertThat(ReleasePlan.of(situation.capacity, situation.inFlight, situation.candidates))
                    .as("same situation, same plan")
                    .isEqualTo(plan);
            released += plan.size();
            express += (int) plan.stream().filter(r -> r.lane() == Lane.EXPRESS).count();
        }
        System.out.println("release plans: 3000 situations, " + released + " releases, " + express + " express");
        assertThat(express).as("the express lane was exercised").isGreaterThan(1000);
    }

    private record Situation(Capacity capacity, List<InFlight> inFlight, List<Candidate> candidates) {
        static Situation random(RandomGenerator random) {
            Capacity capacity = new Capacity(random.nextInt(0, 20), random.nextInt(0, 20));
            List<InFlight> inFlight = new ArrayList<>();
            List<Candidate> candidates = new ArrayList<>();
            int express = 0;
            int regular = 0;
            for (int tenant = random.nextInt(0, 6); tenant >= 0; tenant--) {
                String name = "t" + tenant;
                double weight = 1 + tenant % 3;
                for (int priority = LOW; priority <= HIGH; priority++) {
                    int jobs = random.nextInt(0, 6);
                    if (jobs > 0 && regular + jobs <= 2 * capacity.slots()) {
                        inFlight.add(new InFlight(name, weight, priority, Lane.REGULAR, jobs));
                        regular += jobs;
                    }
                    int urgent = random.nextInt(0, 4);
                    if (urgent > 0 && express + urgent <= capacity.headroom()) {
                        inFlight.add(new InFlight(name, weight, priority, Lane.EXPRESS, urgent));
                        express += urgent;
                    }
                    int queued = random.nextInt(0, 3) == 0 ? 0 : random.nextInt(0, 30);
                    int rank = priority;
                    IntStream.range(0, queued)
                            .forEach(i ->
                                    candidates.add(new Candidate(new JobKey(name, JobIds.next()), weight, rank, null)));
                }
            }
            return new Situation(capacity, inFlight, candidates);
        }

        void check(List<Release> plan) {
            int regular = count(Lane.REGULAR) + of(plan, Lane.REGULAR);
            int express = count(Lane.EXPRESS) + of(plan, Lane.EXPRESS);
            assertThat(new HashSet<>(plan.stream().map(r -> r.candidate().job()).toList()))
                    .hasSameSizeAs(plan);
            assertThat(regular).isLessThanOrEqualTo(2 * capacity.slots());
            assertThat(express).isLessThanOrEqualTo(capacity.headroom());
            if (plan.size() < candidates.size()) {
                assertThat(regular)
                        .as("nothing is held back while the window has room")
                        .isEqualTo(2 * capacity.slots());
            }
            checkAge(plan);
            checkPriority(plan);
            checkFirstJobs(plan, regular + express);
        }

        /** Within a tenant and priority the oldest are released. */
        private void checkAge(List<Release> plan) {
            Map<String, List<JobKey>> released = new HashMap<>();
            for (Release release : plan) {
                released.computeIfAbsent(group(release.candidate()), key -> new ArrayList<>())
                        .add(release.candidate().job());
            }
            released.forEach((group, jobs) -> assertThat(jobs)
                    .isEqualTo(candidates.stream()
                            .filter(candidate -> group(candidate).equals(group))
                            .map(Candidate::job)
                            .limit(jobs.size())
                            .toList()));
        }

        /** On the regular lane nothing goes before something more urgent that stays behind. */
        private void checkPriority(List<Release> plan) {
            List<JobKey> released =
                    plan.stream().map(release -> release.candidate().job()).toList();
            int mostUrgentBehind = candidates.stream()
                    .filter(candidate -> !released.contains(candidate.job()))
                    .mapToInt(Candidate::priority)
                    .max()
                    .orElse(-1);
            plan.stream()
                    .filter(release -> release.lane() == Lane.REGULAR)
                    .forEach(release ->
                            assertThat(release.candidate().priority()).isGreaterThanOrEqualTo(mostUrgentBehind));
        }

        /** A tenant with nothing in flight and nothing more urgent before it starts at once while headroom is left. */
        private void checkFirstJobs(List<Release> plan, int flyingAfterwards) {
            int lowest = inFlight.stream().mapToInt(InFlight::priority).min().orElse(-1);
            for (Candidate candidate : candidates) {
                String tenant = candidate.job().tenantId();
                boolean idle = inFlight.stream()
                                .noneMatch(jobs -> jobs.tenantId().equals(tenant))
                        && plan.stream()
                                .noneMatch(r -> r.candidate().job().tenantId().equals(tenant));
                if (idle
                        && candidate.priority() >= lowest
                        && flyingAfterwards >= capacity.slots()
                        && capacity.slots() > 0) {
                    assertThat(count(Lane.EXPRESS) + of(plan, Lane.EXPRESS))
                            .as("headroom taken when %s had to wait", tenant)
                            .isEqualTo(capacity.headroom());
                }
            }
        }

        private int count(Lane lane) {
            return inFlight.stream()
                    .filter(jobs -> jobs.lane() == lane)
                    .mapToInt(InFlight::jobs)
                    .sum();
        }

        private static int of(List<Release> plan, Lane lane) {
            return (int) plan.stream().filter(release -> release.lane() == lane).count();
        }

        private static String group(Candidate candidate) {
            return candidate.job().tenantId() + "/" + candidate.priority();
        }
    }

    private static InFlight flying(String tenantId, int priority, Lane lane, int jobs) {
        return new InFlight(tenantId, 1, priority, lane, jobs);
    }

    /** Oldest first, as the relay reads them. */
    private static List<Candidate> waiting(String tenantId, int priority, int jobs) {
        return IntStream.range(0, jobs)
                .mapToObj(i -> new Candidate(new JobKey(tenantId, JobIds.next()), 1, priority, null))
                .sorted(Comparator.comparing(Candidate::job))
                .toList();
    }
}
