package dev.safelight.worker.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.worker.batch.Scheduler.Decision;
import dev.safelight.worker.batch.Scheduler.Decision.Gather;
import dev.safelight.worker.batch.Scheduler.Decision.Idle;
import dev.safelight.worker.batch.Scheduler.Decision.Launch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The state machine alone: no thread, no device, and a clock that is a number. */
class SchedulerTest {
    private static final long CALL_NANOS = 10_000_000;
    /** 5 % of a call. */
    private static final long PATIENCE = CALL_NANOS / 20;

    private final Scheduler scheduler = new Scheduler();
    private final Group group = Networks.group(Networks.echo(4));
    private long now = 1_000_000_000;
    private long age;

    @Test
    void nobodyHereIsIdle() {
        assertThat(scheduler.next(now)).isInstanceOf(Idle.class);
    }

    @Test
    void aCallLeavesWhenNobodyIsLeftOnTheHost() {
        Member a = joined("t", Priority.NORMAL);
        Member b = joined("t", Priority.NORMAL);

        assertThat(submit(a)).isFalse();
        assertThat(scheduler.next(now)).isInstanceOf(Gather.class);
        assertThat(submit(b)).isTrue();

        assertThat(launched()).containsExactlyInAnyOrder(a, b);
    }

    @Test
    void aCallLeavesWhenThereIsNoRoomForMore() {
        List<Member> four = IntStream.range(0, 4)
                .mapToObj(_ -> joined("t", Priority.NORMAL))
                .toList();
        joined("t", Priority.NORMAL);

        four.subList(0, 3).forEach(member -> assertThat(submit(member)).isFalse());
        assertThat(submit(four.get(3))).isTrue();

        assertThat(launched()).containsExactlyElementsOf(four);
    }

    @Test
    void aCallLeavesWhenPatienceHasRunOut() {
        Member a = joined("t", Priority.NORMAL);
        Member slow = joined("t", Priority.NORMAL);
        submit(a);
        submit(slow);
        finish(launch());

        submit(a);
        now += PATIENCE - 1;
        assertThat(scheduler.next(now)).isEqualTo(new Gather(1));
        now += 1;
        assertThat(launched()).containsExactly(a);
    }

    @Test
    void patienceIsCountedFromTheMomentTheDeviceIsFree() {
        Member a = joined("t", Priority.NORMAL);
        submit(a);
        Launch first = launch();
        Member early = joined("t", Priority.NORMAL);
        submit(early);
        now += CALL_NANOS;
        finish(first);

        // It has waited for the whole call, and still waits for the one that has just come back.
        assertThat(scheduler.next(now)).isInstanceOf(Gather.class);
        submit(a);
        assertThat(launched()).containsExactlyInAnyOrder(early, a);
    }

    @Test
    void patienceNeverExceedsTwoMilliseconds() {
        Member a = joined("t", Priority.NORMAL);
        submit(a);
        Launch call = launch();
        joined("t", Priority.NORMAL);
        scheduler.finished(call, now, 60_000_000_000L);

        submit(a);
        assertThat(scheduler.next(now)).isEqualTo(new Gather(2_000_000));
    }

    @Test
    void whoLeavesIsNotWaitedFor() {
        Member a = joined("t", Priority.NORMAL);
        Member leaving = joined("t", Priority.NORMAL);
        submit(a);

        assertThat(scheduler.leave(leaving, now)).isTrue();

        assertThat(launched()).containsExactly(a);
    }

    @Test
    void whoHasWithdrawnIsNotInTheCall() {
        Member a = joined("t", Priority.NORMAL);
        Member withdrawn = joined("t", Priority.NORMAL);
        submit(a);
        submit(withdrawn);

        scheduler.withdraw(withdrawn);
        scheduler.leave(withdrawn, now);

        assertThat(launched()).containsExactly(a);
    }

    @Test
    void rowsGoByPriorityFirst() {
        List<Member> low = submitted(5, "t", Priority.LOW);
        Member high = submitted(1, "t", Priority.HIGH).getFirst();
        Member normal = submitted(1, "t", Priority.NORMAL).getFirst();

        assertThat(launched()).containsExactly(high, normal, low.get(0), low.get(1));
    }

    @Test
    void aNewUrgentWalkIsInTheNextCall() {
        List<Member> crowd = submitted(12, "t", Priority.NORMAL);
        Launch call = launch();
        Member urgent = submitted(1, "t", Priority.HIGH).getFirst();
        finish(call);
        call.members().forEach(this::submit);

        assertThat(launched()).startsWith(urgent).hasSize(4);
        assertThat(crowd).hasSize(12);
    }

    @Test
    void aFullCallStillWaitsForAnUrgentWalkOnTheHost() {
        Member urgent = joined("t", Priority.HIGH);
        submitted(12, "t", Priority.NORMAL);

        assertThat(scheduler.next(now)).isInstanceOf(Gather.class);
        assertThat(submit(urgent)).isTrue();
        Launch call = launch();
        assertThat(call.members()).startsWith(urgent).hasSize(4);

        finish(call);
        assertThat(scheduler.next(now)).isInstanceOf(Gather.class);
        now += PATIENCE;
        assertThat(launched()).as("but not for longer than its patience").hasSize(4);
    }

    @Test
    void aFullCallStillWaitsForTheTenantThatHasHadLess() {
        Member few = joined("few", Priority.NORMAL);
        List<Member> flood = submitted(20, "flood", Priority.NORMAL);
        submit(few);

        for (int round = 0; round < 5; round++) {
            Launch call = launch();
            assertThat(call.members()).contains(few).hasSize(4);
            finish(call);
            call.members().stream().filter(flood::contains).forEach(this::submit);
            assertThat(scheduler.next(now)).isInstanceOf(Gather.class);
            assertThat(submit(few)).isTrue();
        }
    }

    @Test
    void tenantsShareTheRowsWhateverTheirCrowds() {
        submitted(20, "flood", Priority.NORMAL);
        List<Member> few = submitted(2, "few", Priority.NORMAL);

        for (int call = 0; call < 5; call++) {
            Launch launch = launch();
            assertThat(launch.members()).containsAll(few);
            again(launch);
        }
    }

    @Test
    void aTenantThatWasAwayHasNoCredit() {
        submitted(8, "here", Priority.NORMAL);
        for (int call = 0; call < 50; call++) {
            again(launch());
        }
        submitted(8, "new", Priority.NORMAL);

        List<Integer> rowsOfNew = new ArrayList<>();
        for (int call = 0; call < 10; call++) {
            Launch launch = launch();
            rowsOfNew.add((int) launch.members().stream()
                    .filter(member -> member.ticket.tenant().equals("new"))
                    .count());
            again(launch);
        }
        assertThat(rowsOfNew).containsOnly(2);
    }

    /** Where a row costs as much as the call before it, a crowd of rows would make everybody as slow as the crowd. */
    @Test
    void aCallIsNoLongerThanATenantsShareOfTheDeviceAllows() {
        rowsCost(1, 4);
        submitted(20, "flood", Priority.NORMAL);
        assertThat(launched()).as("nobody else is here").hasSize(4);
        Member few = joined("few", Priority.NORMAL);
        submit(few);
        for (int round = 0; round < 5; round++) {
            Launch call = launch();
            assertThat(call.members())
                    .as("half of the device: twice as long as alone")
                    .contains(few)
                    .hasSize(2);
            scheduler.finished(call, now, call.members().size() * 1_000_000L);
            call.members().forEach(this::submit);
        }
    }

    @Test
    void whereLargeCallsTakeNoLongerTheyStayFull() {
        rowsCost(4, 4);
        submitted(20, "flood", Priority.NORMAL);
        Member few = joined("few", Priority.NORMAL);
        submit(few);
        assertThat(launched()).contains(few).hasSize(4);
    }

    @Test
    void amongManyTenantsEachGetsItsRows() {
        rowsCost(1, 4);
        List<Member> all = IntStream.range(0, 4)
                .mapToObj(tenant -> submitted(1, "t" + tenant, Priority.NORMAL).getFirst())
                .toList();
        assertThat(launched())
                .as("a quarter each: four times as long as alone")
                .containsExactlyInAnyOrderElementsOf(all);
    }

    /** Lets the scheduler see calls of one row and of four that take so many milliseconds. */
    private void rowsCost(long one, long four) {
        for (int rows : new int[] {1, 4}) {
            List<Member> seen = submitted(rows, "before", Priority.NORMAL);
            Launch call = launch();
            assertThat(call.members()).hasSize(rows);
            scheduler.finished(call, now, (rows == 1 ? one : four) * 1_000_000);
            seen.forEach(member -> scheduler.leave(member, now));
        }
    }

    @Test
    void rowsAreSharedByWeight() {
        Map<String, Integer> weights = Map.of("one", 1, "three", 3);
        weights.forEach((tenant, weight) -> {
            for (int walk = 0; walk < 10; walk++) {
                submit(join(new Member(
                        new Ticket(new JobKey(tenant, UUID.randomUUID()), Priority.NORMAL, age++, false, weight),
                        group,
                        false)));
            }
        });
        Map<String, Integer> served = new HashMap<>();
        for (int call = 0; call < 100; call++) {
            Launch launch = launch();
            launch.members().forEach(member -> served.merge(member.ticket.tenant(), 1, Integer::sum));
            again(launch);
        }
        assertThat(served.get("one")).isBetween(99, 101);
        assertThat(served.get("three")).isBetween(299, 301);
    }

    @Test
    void noWalkWaitsForAnotherToFinish() {
        List<Member> crowd = submitted(10, "t", Priority.NORMAL);

        List<Member> served = new ArrayList<>();
        for (int call = 0; call < 15; call++) {
            Launch launch = launch();
            served.addAll(launch.members());
            again(launch);
        }

        // Ten walks and four rows: everybody is in one of any three calls, the oldest first.
        assertThat(served.subList(0, 4)).containsExactlyElementsOf(crowd.subList(0, 4));
        for (int call = 0; call + 3 <= 15; call++) {
            assertThat(served.subList(4 * call, 4 * call + 12)).containsAll(crowd);
        }
    }

    @Test
    void anOlderJobComesFirst() {
        age = 100;
        List<Member> young = submitted(4, "t", Priority.NORMAL);
        age = 0;
        List<Member> old = submitted(2, "t", Priority.NORMAL);

        assertThat(launched()).containsExactly(old.get(0), old.get(1), young.get(0), young.get(1));
    }

    @Test
    void anEvaluationsRowsStayTogether() {
        Member pair = joined("t", Priority.NORMAL);
        List<Member> singles = submitted(3, "t", Priority.HIGH);
        scheduler.submit(pair, List.of(Networks.row(1), Networks.row(2)), now);

        assertThat(launched()).containsExactlyElementsOf(singles);
        assertThat(pair.phase).isEqualTo(Member.Phase.WAITING);
        assertThat(launched()).containsExactly(pair);
    }

    @Test
    void anEvaluationLargerThanACallRunsAlone() {
        Member large = joined("t", Priority.NORMAL);
        Member small = joined("t", Priority.NORMAL);
        submit(small);
        scheduler.submit(large, Collections.nCopies(9, Networks.row(0)), now);

        assertThat(launched()).containsExactly(large);
        assertThat(launched()).containsExactly(small);
    }

    @Test
    void groupsTakeTurns() {
        Group other = Networks.group(Networks.echo(4));
        List<Member> here = submitted(6, "t", Priority.NORMAL);
        List<Member> there = IntStream.range(0, 6)
                .mapToObj(_ -> join(new Member(ticket("t", Priority.NORMAL), other, false)))
                .toList();
        there.forEach(this::submit);

        List<Group> order = new ArrayList<>();
        for (int call = 0; call < 6; call++) {
            Launch launch = launch();
            order.add(launch.members().getFirst().group);
            assertThat(launch.members()).allMatch(member -> member.group == order.getLast());
            again(launch);
        }

        assertThat(order).containsExactly(group, other, group, other, group, other);
        assertThat(here).hasSize(6);
    }

    @Test
    void anUrgentRowsGroupGoesFirst() {
        Group other = Networks.group(Networks.echo(4));
        submitted(4, "t", Priority.NORMAL);
        again(launch());
        Member urgent = join(new Member(ticket("t", Priority.HIGH), other, false));
        submit(urgent);

        assertThat(launched()).containsExactly(urgent);
        finish(new Launch(other.network(), List.of(urgent)));
        submit(urgent);
        assertThat(launched()).containsExactly(urgent);
    }

    @Test
    void aGroupOnTheHostDoesNotHoldUpAnother() {
        Group other = Networks.group(Networks.echo(4));
        Member computing = joined("t", Priority.NORMAL);
        Member ready = join(new Member(ticket("t", Priority.NORMAL), other, false));
        submit(ready);

        assertThat(launched()).containsExactly(ready);
        assertThat(computing.phase).isEqualTo(Member.Phase.COMPUTING);
    }

    @Test
    void soloWalksShareNoCallAndTakeTurnsWithTheRest() {
        Member strict = join(new Member(ticket("t", Priority.NORMAL), group, true));
        Member suspect = join(
                new Member(new Ticket(new JobKey("t", UUID.randomUUID()), Priority.NORMAL, age++, true), group, false));
        List<Member> crowd = submitted(3, "t", Priority.NORMAL);
        submit(strict);
        submit(suspect);

        List<List<Member>> calls = new ArrayList<>();
        for (int call = 0; call < 6; call++) {
            Launch launch = launch();
            calls.add(launch.members());
            again(launch);
        }

        // However many are solo, the others have every second call.
        assertThat(calls).containsExactly(List.of(strict), crowd, List.of(suspect), crowd, List.of(strict), crowd);
    }

    @Test
    void aCallThatDidNotFitIsNotTriedAgain() {
        submitted(4, "t", Priority.NORMAL);
        Launch call = launch();
        scheduler.tooLarge(call, 4);
        again(call);

        assertThat(launched()).hasSize(2);
    }

    @Test
    void anEmptyGroupIsForgotten() {
        Member a = joined("t", Priority.NORMAL);
        submit(a);
        finish(launch());

        assertThat(scheduler.leave(a, now)).isFalse();

        assertThat(scheduler.next(now)).isInstanceOf(Idle.class);
    }

    /** Each of them has a group of its own, which nobody keeps. */
    @Test
    void jobsOfOneSizeKnowHowLongTheCallsOfThoseBeforeThemTook() {
        Network network = group.network();
        CallTimes before = scheduler.times(new Network.Shaped(network, Map.of("x", List.of(1, 8, 8)), 4));
        System.gc();
        assertThat(scheduler.times(new Network.Shaped(network, Map.of("x", List.of(1, 8, 8)), 4)))
                .isSameAs(before);
        assertThat(scheduler.times(new Network.Shaped(network, Map.of("x", List.of(1, 4, 4)), 8)))
                .isNotSameAs(before);
        assertThat(scheduler.times(network)).isNotSameAs(before).isSameAs(scheduler.times(network));
    }

    private Ticket ticket(String tenant, Priority priority) {
        return new Ticket(new JobKey(tenant, UUID.randomUUID()), priority, age++, false);
    }

    private Member joined(String tenant, Priority priority) {
        return join(new Member(ticket(tenant, priority), group, false));
    }

    private Member join(Member member) {
        scheduler.join(member);
        return member;
    }

    private boolean submit(Member member) {
        return scheduler.submit(member, List.of(Networks.row(0)), now);
    }

    private List<Member> submitted(int count, String tenant, Priority priority) {
        List<Member> members = IntStream.range(0, count)
                .mapToObj(_ -> joined(tenant, priority))
                .toList();
        members.forEach(this::submit);
        return members;
    }

    private Launch launch() {
        Decision decision = scheduler.next(now);
        assertThat(decision).isInstanceOf(Launch.class);
        return (Launch) decision;
    }

    private List<Member> launched() {
        return launch().members();
    }

    private void finish(Launch call) {
        scheduler.finished(call, now, CALL_NANOS);
    }

    /** The call ends and all its members come back with new rows. */
    private void again(Launch call) {
        finish(call);
        call.members().forEach(this::submit);
    }
}
