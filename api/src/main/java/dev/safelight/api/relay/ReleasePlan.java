package dev.safelight.api.relay;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.wire.Topics.Lane;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Decides which waiting jobs of one queue go to Kafka now, and on which lane. A pure function of what is in flight, what
 * waits, and what the live workers can hold; {@code docs/decisions/two-lanes.md} says why it is so.
 *
 * <p>The order is: priority, then the tenant with the least in flight for its weight, then age.
 */
public final class ReleasePlan {
    /** The regular lane holds this many jobs a slot: one that runs and one that waits for it to finish. */
    static final int JOBS_A_SLOT = 2;

    /**
     * What the live workers of the queue can hold together.
     *
     * @param slots jobs they run of the regular lane
     * @param headroom jobs of the express lane beyond those
     */
    public record Capacity(int slots, int headroom) {}

    /** Jobs that run or stand in Kafka: how many of a tenant, a priority and a lane. */
    public record InFlight(String tenantId, double weight, int priority, Lane lane, int jobs) {}

    /**
     * A job that waits in Postgres. Candidates of one tenant and priority come oldest first.
     *
     * @param mostRunning what its tenant may have under way, in all queues, or null for no limit
     */
    public record Candidate(JobKey job, double weight, int priority, String traceparent, Integer mostRunning) {
        public Candidate(JobKey job, double weight, int priority, String traceparent) {
            this(job, weight, priority, traceparent, null);
        }
    }

    /** A job to publish on a lane. */
    public record Release(Candidate candidate, Lane lane) {}

    private record Group(int priority, String tenantId) {}

    private final Capacity capacity;
    private final Map<Group, Deque<Candidate>> waiting = new HashMap<>();
    private final Map<String, Double> weights = new HashMap<>();
    private final Map<String, Integer> jobsOfTenant = new HashMap<>();
    private final Map<String, Integer> expressOfTenant = new HashMap<>();
    private final NavigableMap<Integer, Integer> jobsOfPriority = new TreeMap<>();
    private final Map<String, Integer> places = new HashMap<>();
    private int regular;
    private int express;

    private ReleasePlan(Capacity capacity) {
        this.capacity = capacity;
    }

    /** Where no tenant has a limit. */
    static List<Release> of(Capacity capacity, Collection<InFlight> inFlight, Collection<Candidate> candidates) {
        return of(capacity, inFlight, candidates, Map.of());
    }

    /**
     * Plans one look.
     *
     * @param places how many more jobs each tenant that has a limit may have under way
     * @return the jobs to release, most urgent first; empty when no worker lives
     */
    public static List<Release> of(
            Capacity capacity,
            Collection<InFlight> inFlight,
            Collection<Candidate> candidates,
            Map<String, Integer> places) {
        ReleasePlan plan = new ReleasePlan(capacity);
        plan.places.putAll(places);
        for (InFlight jobs : inFlight) {
            plan.weights.put(jobs.tenantId(), jobs.weight());
            plan.count(jobs.tenantId(), jobs.priority(), jobs.lane(), jobs.jobs());
        }
        for (Candidate candidate : candidates) {
            String tenantId = candidate.job().tenantId();
            plan.weights.put(tenantId, candidate.weight());
            plan.waiting
                    .computeIfAbsent(new Group(candidate.priority(), tenantId), group -> new ArrayDeque<>())
                    .add(candidate);
        }
        return plan.releases();
    }

    private List<Release> releases() {
        List<Release> releases = new ArrayList<>();
        while (!waiting.isEmpty()) {
            Group group = next();
            Optional<Lane> lane = lane(group);
            if (lane.isEmpty() || !takePlace(group.tenantId())) {
                // Others may still have a right to the express lane, or a place.
                waiting.remove(group);
                continue;
            }
            Deque<Candidate> jobs = waiting.get(group);
            releases.add(new Release(jobs.remove(), lane.get()));
            count(group.tenantId(), group.priority(), lane.get(), 1);
            if (jobs.isEmpty()) {
                waiting.remove(group);
            }
        }
        return releases;
    }

    private boolean takePlace(String tenantId) {
        Integer left = places.get(tenantId);
        if (left == null) {
            return true;
        }
        if (left > 0) {
            places.put(tenantId, left - 1);
        }
        return left > 0;
    }

    private Group next() {
        return waiting.keySet().stream()
                .min(Comparator.comparingInt((Group group) -> -group.priority())
                        .thenComparingDouble(group -> jobsOf(group.tenantId()) / weights.get(group.tenantId()))
                        .thenComparing(group ->
                                waiting.get(group).element().job().jobId().toString())
                        .thenComparing(Group::tenantId))
                .orElseThrow();
    }

    /** Where the next job of a group may go; empty when it has to wait in Postgres. */
    private Optional<Lane> lane(Group group) {
        if (regular + express < capacity.slots()) {
            return Optional.of(Lane.REGULAR); // a slot is free: it starts at once anyway
        }
        if (mustStartAtOnce(group) && headroomLeft(group.tenantId())) {
            return Optional.of(Lane.EXPRESS);
        }
        return regular < JOBS_A_SLOT * capacity.slots() ? Optional.of(Lane.REGULAR) : Optional.empty();
    }

    /**
     * More urgent than something in flight; or no less urgent, and its tenant has less than its share of the slots. A
     * share is never a reason to overtake what is more urgent.
     */
    private boolean mustStartAtOnce(Group group) {
        if (jobsOfPriority.isEmpty()) {
            return false;
        }
        int lowest = jobsOfPriority.firstKey();
        return group.priority() > lowest || (group.priority() == lowest && belowShare(group.tenantId()));
    }

    private boolean belowShare(String tenantId) {
        double weightOfAll =
                weights.values().stream().mapToDouble(Double::doubleValue).sum();
        return jobsOf(tenantId) < capacity.slots() * weights.get(tenantId) / weightOfAll;
    }

    /** A tenant gets at most half of the headroom that the others leave, so that the next tenant finds some. */
    private boolean headroomLeft(String tenantId) {
        int own = expressOfTenant.getOrDefault(tenantId, 0);
        int leftByOthers = capacity.headroom() - (express - own);
        return express < capacity.headroom() && own < (leftByOthers + 1) / 2;
    }

    private int jobsOf(String tenantId) {
        return jobsOfTenant.getOrDefault(tenantId, 0);
    }

    private void count(String tenantId, int priority, Lane lane, int jobs) {
        jobsOfTenant.merge(tenantId, jobs, Integer::sum);
        jobsOfPriority.merge(priority, jobs, Integer::sum);
        if (lane == Lane.EXPRESS) {
            expressOfTenant.merge(tenantId, jobs, Integer::sum);
            express += jobs;
        } else {
            regular += jobs;
        }
    }
}
