package dev.safelight.worker.batch;

import dev.safelight.worker.batch.EvaluationStopped.DeviceFailed;
import dev.safelight.worker.batch.EvaluationStopped.LeaseLost;
import dev.safelight.worker.batch.Member.Answer;
import dev.safelight.worker.batch.Member.Phase;
import dev.safelight.worker.batch.Scheduler.Decision;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Continuous batching on one device: a platform thread gathers the waiting rows, runs the network once, and scatters the
 * outputs. Walks come and go between calls.
 */
public final class Batcher implements AutoCloseable {
    private static final long SPIN_NANOS = 100_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Scheduler scheduler = new Scheduler();
    private final Set<Member> members = new LinkedHashSet<>();
    private final Carrier carrier = new Carrier(this::wake);
    private final Thread device;
    private boolean idle;
    /** Set when there is something to do; the device looks at it before it goes to sleep. */
    private volatile boolean ready;

    private boolean closed;
    private volatile Counters counters = Counters.NONE;

    /** @param name of the device, for its thread */
    public Batcher(String name) {
        device = Thread.ofPlatform().name("device-" + name).daemon().start(this::loop);
    }

    public Counters counters() {
        return counters;
    }

    /** Walks whose rows wait for a call. */
    public int waiting() {
        lock.lock();
        try {
            return (int) members.stream()
                    .filter(member -> member.phase == Phase.WAITING)
                    .count();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Admits walks of one job, all at once, so that their first rows share a call.
     *
     * @param solo the rows of each walk run in calls of their own, whose shape nothing else can change
     */
    public List<Walk> join(Ticket ticket, Group group, boolean solo, int count) {
        ticket.onStop(this, () -> stop(ticket));
        List<Member> joining = Stream.generate(() -> new Member(ticket, group, solo))
                .limit(count)
                .toList();
        lock.lock();
        try {
            joining.forEach(scheduler::join);
            members.addAll(joining);
        } finally {
            lock.unlock();
        }
        return joining.stream().map(member -> new Walk(this, member)).toList();
    }

    boolean closed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    void leave(Member member) {
        lock.lock();
        try {
            if (members.remove(member) && scheduler.leave(member, System.nanoTime())) {
                wake();
            }
        } finally {
            lock.unlock();
        }
    }

    private void wake() {
        ready = true;
        if (Thread.currentThread() != device) {
            LockSupport.unpark(device);
        }
    }

    <T> T carried(Supplier<T> steps) {
        return carrier.run(steps);
    }

    List<float[]> evaluate(Member member, List<Row> rows) {
        lock.lock();
        try {
            // Looked at under the lock: a stop is either seen here or finds the rows waiting.
            member.ticket.throwIfStopped();
            if (closed) {
                throw new LeaseLost();
            }
            member.thread = Thread.currentThread();
            member.answer = null;
            if (scheduler.submit(member, rows, System.nanoTime()) || idle) {
                wake();
            }
        } finally {
            lock.unlock();
        }
        Answer answer = await(member);
        member.ticket.throwIfStopped();
        return switch (answer) {
            case Answer.Outputs(List<float[]> outputs) -> outputs;
            case Answer.Stopped(EvaluationStopped reason) -> throw reason;
            case Answer.Broke(Error error) -> throw error;
        };
    }

    private static Answer await(Member member) {
        boolean interrupted = false;
        while (member.answer == null) {
            LockSupport.park(member);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return member.answer;
    }

    private void stop(Ticket ticket) {
        lock.lock();
        try {
            members.stream()
                    .filter(member -> member.ticket == ticket && member.phase == Phase.WAITING)
                    .forEach(member -> {
                        scheduler.withdraw(member);
                        answer(member, new Answer.Stopped(ticket.reason()));
                    });
        } finally {
            lock.unlock();
        }
    }

    private static void answer(Member member, Answer answer) {
        member.answer = answer;
        LockSupport.unpark(member.thread);
    }

    private void loop() {
        try {
            Decision.Launch call;
            while ((call = gather()) != null) {
                long started = System.nanoTime();
                List<Answer> answers = run(call, call.members());
                scatter(call, answers, started, System.nanoTime());
            }
        } finally {
            abandon();
        }
    }

    /** Waits for the next call, and takes walks' steps meanwhile; null when the device is closed. */
    private Decision.Launch gather() {
        long since = System.nanoTime();
        while (true) {
            ready = false;
            carrier.turns();
            switch (decide()) {
                case null -> {
                    return null;
                }
                case Decision.Launch call -> {
                    carrier.leave();
                    counters = counters.gathered(System.nanoTime() - since);
                    return call;
                }
                case Decision.Gather(long nanos) -> await(nanos, since + SPIN_NANOS);
                case Decision.Idle _ -> {
                    awaitSomebody();
                    since = System.nanoTime();
                }
            }
        }
    }

    /** What to do now; null when the device is closed. */
    private Decision decide() {
        // A walk that this thread carries may be next in the line for the lock.
        while (!lock.tryLock()) {
            carrier.turns();
            Thread.yield();
        }
        try {
            Decision decision = closed ? null : scheduler.next(System.nanoTime());
            idle = decision instanceof Decision.Idle;
            return decision;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there is something to do, at most so long; awake until a given time. */
    private void await(long nanos, long awakeUntil) {
        // Walks are back within microseconds as a rule, and to fall asleep and be woken takes longer than that.
        while (!ready && System.nanoTime() - awakeUntil < 0) {
            Thread.onSpinWait();
        }
        if (!ready) {
            LockSupport.parkNanos(this, nanos);
        }
    }

    private void awaitSomebody() {
        while (!ready) {
            LockSupport.park(this);
        }
    }

    /** One answer for each member. A call that fails is split until the guilty member is alone. */
    private List<Answer> run(Decision.Launch call, List<Member> part) {
        try {
            return split(call.network(), part);
        } catch (Throwable failure) {
            counters = counters.failed();
            // The device's memory: that of this process has nothing to do with how many rows a call has.
            boolean outOfMemory = failure instanceof Network.OutOfMemory;
            if (outOfMemory) {
                tooLarge(call, part);
            }
            if (part.size() == 1) {
                return List.of(
                        failure instanceof Error error
                                ? new Answer.Broke(error)
                                : new Answer.Stopped(DeviceFailed.of(failure, outOfMemory)));
            }
            int half = part.size() / 2;
            List<Answer> answers = new ArrayList<>(run(call, part.subList(0, half)));
            answers.addAll(run(call, part.subList(half, part.size())));
            return answers;
        }
    }

    private List<Answer> split(Network network, List<Member> part) {
        List<Row> rows = new ArrayList<>();
        part.forEach(member -> rows.addAll(member.rows));
        long started = System.nanoTime();
        List<float[]> outputs = network.run(rows);
        long nanos = System.nanoTime() - started;
        counters = counters.ran(rows.size());
        List<Answer> answers = new ArrayList<>(part.size());
        int first = 0;
        for (Member member : part) {
            int next = first + member.rows.size();
            answers.add(new Answer.Outputs(List.copyOf(outputs.subList(first, next))));
            member.ticket.ran(member.rows.size(), nanos * member.rows.size() / rows.size());
            first = next;
        }
        return answers;
    }

    private void tooLarge(Decision.Launch call, List<Member> part) {
        lock.lock();
        try {
            scheduler.tooLarge(
                    call, part.stream().mapToInt(member -> member.rows.size()).sum());
        } finally {
            lock.unlock();
        }
    }

    private void scatter(Decision.Launch call, List<Answer> answers, long started, long ended) {
        lock.lock();
        try {
            scheduler.finished(call, ended, ended - started);
        } finally {
            lock.unlock();
        }
        carrier.comeBack();
        counters = counters.took(ended - started);
        for (int i = 0; i < answers.size(); i++) {
            answer(call.members().get(i), answers.get(i));
        }
        counters = counters.scattered(System.nanoTime() - ended);
    }

    /** The device's thread ends: nobody may be left parked. */
    private void abandon() {
        carrier.leave();
        lock.lock();
        try {
            closed = true;
            members.stream()
                    .filter(member -> member.phase == Phase.WAITING || member.phase == Phase.RUNNING)
                    .forEach(member -> answer(member, new Answer.Stopped(new LeaseLost())));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the device's thread after the call that runs, however long that takes: its network must not be freed before.
     * Walks that wait lose their lease, because this worker is not going to finish them.
     */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            wake();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (device.isAlive()) {
            try {
                device.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
