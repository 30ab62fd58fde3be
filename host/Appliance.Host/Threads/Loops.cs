using Appliance.Contract;
using Appliance.Flow;
using Appliance.Host.Native;
using Appliance.Risk;

namespace Appliance.Host.Threads;

/// <summary>
/// The decision's end of the ring: takes what is there, at most a batch, and hands it to the flow in sequence. The same in every topology, so the
/// same journal gives the same orders in each.
/// </summary>
internal sealed class DecideEnd<TReader>(TReader reader, Flow<HostMonotonicClock> flow, int batchLimit, RunSwitches switches) where TReader : struct, IRingReader<RingEvent>
{
    private TReader _reader = reader;

    public int HandleAvailable() => Handle(_reader.Available());

    private int Handle(long available)
    {
        long first = _reader.NextSequence;
        long last = Math.Min(available, first + batchLimit - 1);
        if (last < first) return 0;
        for (long sequence = first; sequence <= last; sequence++)
            flow.OnEvent(ref _reader[sequence], sequence);
        // Before the release: whoever sees this batch done must also see what it caused.
        switches.SequencedUtcNs = flow.NowUtcNs;
        switches.Quiet = flow.IsQuiet;
        switches.SessionUp = flow.Gate.IsSessionUp;
        switches.DecidedSequence = last;
        _reader.Release(last);
        if (flow.Ended) switches.Ended = true;
        return (int)(last - first + 1);
    }
}

/// <summary>How a thread with nothing to do passes the time.</summary>
internal readonly struct IdleWait(RingWait wait)
{
    public void Once()
    {
        switch (wait)
        {
            case RingWait.BusySpin: break;
            case RingWait.Yielding: Thread.Yield(); break;
            default: Linux.SleepMicroseconds(50); break;
        }
    }
}

/// <summary>What belongs to each deciding loop beside its work: heartbeat and the measured window.</summary>
internal sealed class LoopDuties(int thread, RunSwitches switches, ThreadMeter meter, StageLatency latency)
{
    public void Turn()
    {
        switches.Beat(thread);
        bool measuring = switches.Measuring;
        // Stages are recorded from the first event, so that nothing is run for the first time in the window; what came before it is forgotten here.
        if (meter.IsOpening(measuring)) latency.Reset();
        meter.Follow(measuring);
    }

    /// <summary>Ends the window on this thread, whether or not it was open.</summary>
    public void End() => meter.Follow(false);
}

/// <summary>One thread polls, decides and sends.</summary>
/// <param name="understudy">Null where nobody waits for the next order: captures, replays, threads that give their core away.</param>
internal sealed class FusedLoop<TSink, TReader>(IngestLoop<TSink> ingest, DecideEnd<TReader> decide, IOrderGateway gateway, OrderSender<TSink> sender, LoopDuties duties, RunSwitches switches, long pollNs, RingWait wait, Understudy? understudy)
    where TSink : struct, IEventSink where TReader : struct, IRingReader<RingEvent>
{
    public void Run()
    {
        var clock = default(HostMonotonicClock);
        var utc = default(HostUtcClock);
        var idle = new IdleWait(wait);
        long nextPollNs = 0;
        while (!switches.Ended)
        {
            duties.Turn();
            int made = ingest.Turn();
            while (decide.HandleAvailable() > 0 && !switches.Ended) made++;
            long now = clock.NowNs();
            if (now >= nextPollNs)
            {
                nextPollNs = now + pollNs;
                made += gateway.Poll(now, utc.NowUtcNs());
                sender.Flush();
                while (decide.HandleAvailable() > 0 && !switches.Ended) made++;
            }
            if (made != 0) continue;
            understudy?.PlayIfDue(now);
            idle.Once();
        }
        duties.End();
    }
}

/// <summary>Paired and staged: the thread that polls the source.</summary>
internal sealed class IngestThreadLoop<TSink>(int thread, IngestLoop<TSink> ingest, RunSwitches switches, ThreadMeter meter, RingWait wait) where TSink : struct, IEventSink
{
    public void Run()
    {
        var idle = new IdleWait(wait);
        while (!switches.Ended)
        {
            switches.Beat(thread);
            meter.Follow(switches.Measuring);
            if (ingest.Turn() == 0) idle.Once();
        }
        meter.Follow(false);
    }
}

/// <summary>
/// Paired: the thread that decides and sends. Staged: the same without a gateway of its own. It looks at the kill flag (null in a replay, whose kills are in the journal) itself as
/// well, so that orders are withdrawn although the ingest thread is stuck.
/// </summary>
/// <param name="time">Sequenced time of a live run; null while a capture plays, whose time is that of the last event.</param>
internal sealed class DecideThreadLoop<TSink, TReader>(DecideEnd<TReader> decide, IOrderGateway? gateway, OrderSender<TSink> sender, KillSwitch? kill, SequencedClock? time, LoopDuties duties, RunSwitches switches, long pollNs, RingWait wait, Understudy? understudy)
    where TSink : struct, IEventSink where TReader : struct, IRingReader<RingEvent>
{
    public void Run()
    {
        var clock = default(HostMonotonicClock);
        var utc = default(HostUtcClock);
        var idle = new IdleWait(wait);
        long nextPollNs = 0;
        bool killSeen = kill is null;
        while (!switches.Ended)
        {
            duties.Turn();
            int made = decide.HandleAvailable();
            long now = clock.NowNs();
            if (now >= nextPollNs)
            {
                nextPollNs = now + pollNs;
                if (gateway is not null) made += gateway.Poll(now, utc.NowUtcNs());
                sender.Flush();
                if (!killSeen && kill!.Value.IsSet) killSeen = sender.TryPublishKillObserved(now, time?.At(now) ?? switches.SequencedUtcNs);
            }
            if (made != 0) continue;
            understudy?.PlayIfDue(now);
            idle.Once();
        }
        duties.End();
    }
}

/// <summary>Staged: the thread that sends and receives.</summary>
internal sealed class GatewayThreadLoop<TSink>(int thread, OrderRing orders, IOrderGateway gateway, OrderSender<TSink> sender, StageLatency latency, RunSwitches switches, ThreadMeter meter, long pollNs, RingWait wait)
    where TSink : struct, IEventSink
{
    public void Run()
    {
        var clock = default(HostMonotonicClock);
        var utc = default(HostUtcClock);
        var idle = new IdleWait(wait);
        long nextPollNs = 0;
        var reader = orders.Reader;
        // What is picked up in one turn: when it was received, and when its bytes were ready.
        var gathered = new (long ReceivedNs, long EncodedNs)[OrderSender<TSink>.GatheredMax];
        while (!switches.Ended)
        {
            switches.Beat(thread);
            bool measuring = switches.Measuring;
            if (meter.IsOpening(measuring)) latency.Reset();
            meter.Follow(measuring);
            int made = 0, waiting = 0;
            long last = Math.Min(reader.Available(), reader.NextSequence + gathered.Length - 1);
            for (long sequence = reader.NextSequence; sequence <= last; sequence++)
            {
                ref var order = ref reader[sequence];
                long pickedUpNs = clock.NowNs();
                if (sender.Send(in order) == SendResult.Sent && order.ReceivedNs != 0 && !TryRecord(in order, pickedUpNs)) gathered[waiting++] = (order.ReceivedNs, gateway.LastEncodedNs);
                made++;
            }
            if (made > 0)
            {
                sender.EndDecision();
                reader.Release(last);
                foreach (var (receivedNs, encodedNs) in gathered.AsSpan(0, waiting)) RecordSent(receivedNs, encodedNs);
            }
            long now = clock.NowNs();
            if (now >= nextPollNs)
            {
                nextPollNs = now + pollNs;
                made += gateway.Poll(now, utc.NowUtcNs());
                sender.Flush();
            }
            if (made == 0) idle.Once();
        }
        meter.Follow(false);
    }

    /// <summary>Orders that a tick caused. When the gate let the order go is not known on this thread: encoding counts from the order's pick-up, and the way from thread to thread is in TickToOrder only.</summary>
    /// <returns>False when the order waits to leave with others.</returns>
    private bool TryRecord(in ApprovedOrder order, long pickedUpNs)
    {
        long encodedNs = gateway.LastEncodedNs;
        latency[Stage.Encoded].Record(encodedNs - pickedUpNs);
        latency[Stage.TickToOrder].Record(encodedNs - order.ReceivedNs);
        if (gateway.LastSentNs < encodedNs) return false;
        RecordSent(order.ReceivedNs, encodedNs);
        return true;
    }

    private void RecordSent(long receivedNs, long encodedNs)
    {
        latency[Stage.Sent].Record(gateway.LastSentNs - encodedNs);
        latency[Stage.TickToSent].Record(gateway.LastSentNs - receivedNs);
    }
}
