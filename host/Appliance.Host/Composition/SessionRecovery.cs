using Appliance.Contract;
using Appliance.Fix;
using Appliance.Flow;
using Appliance.Host.Configuration;
using Appliance.Ingest.Journal;
using Appliance.Risk;

namespace Appliance.Host.Composition;

/// <summary>
/// What an earlier run of a FIX session left, rebuilt from what survives the process: the state it began with, the requests in its order log, and the answers in its journal, in the order in which they
/// happened. A request stands in the log before its bytes leave; a report stands in the journal a little after it was read, so the venue's messages from the last recorded one on are asked for again,
/// and fills go by cumulative quantity. What the venue then still has not spoken of is asked about, order by order, before anything new is sent.
/// </summary>
internal sealed class SessionRecovery
{
    private readonly Desk _desk;

    private SessionRecovery(Desk desk) => _desk = desk;

    /// <summary>Signed units of each portfolio's hedge.</summary>
    public required long[] PositionUnits { get; init; }
    /// <summary>Orders that may work, as the events that the ring begins with.</summary>
    public required RingEvent[] Orders { get; init; }
    /// <summary>The first of the venue's messages that no record of ours holds; 0 when that is not known.</summary>
    public required uint NextIncoming { get; init; }
    /// <summary>What could not be given back, for a person to settle.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <returns>Null when there was no earlier run with a recorded state.</returns>
    public static SessionRecovery? Of(Desk desk, string sessionFolder, string journalFolder, OrderLog log)
    {
        if (SessionState.Read(sessionFolder) is not { } state) return null;
        // Log and journal go by numbers, whose names are those of the desk file that the run had.
        bool hasRequests = Enumerable.Range(0, log.CountOfEarlierRuns).Any(i => log[i].ClientOrderId / OrderLog.IdsPerEpoch == state.Epoch);
        if (hasRequests && !(state.Instruments.SequenceEqual(desk.Instruments.Select(i => i.Symbol)) && state.Positions.Select(p => (p.Portfolio, p.Symbol)).SequenceEqual(desk.Portfolios.Select(p => (p.Name, desk.Instruments[p.Instrument].Symbol)))))
            throw new BadInputException($"{SessionState.PathIn(sessionFolder)}: the run to be taken up had instruments {string.Join(", ", state.Instruments)} and portfolios {string.Join(", ", state.Positions.Select(p => p.Portfolio))}, saw others in {desk.File}; allowed are the same in the same order: start once with that run's desk file and end it, then change the file");
        var problems = new List<string>();
        ushort[] hedges = [.. desk.Portfolios.Select(p => p.Instrument)];
        var replay = new OrderReplay(desk.Instruments.Length, hedges, OrderTableRecords);
        foreach (SessionPosition position in state.Positions)
        {
            int portfolio = Array.FindIndex(desk.Portfolios, p => p.Name == position.Portfolio && desk.Instruments[p.Instrument].Symbol == position.Symbol);
            if (portfolio >= 0) replay.SetOpening(portfolio, position.Units);
            else if (position.Units != 0) problems.Add($"portfolio {position.Portfolio} held {position.Units} units of {position.Symbol}, and this desk file has no such portfolio");
        }
        foreach (SessionOrder order in state.Orders)
            if (!Restore(desk, replay, order)) problems.Add($"order {order.Id} of portfolio {order.Portfolio} in {order.Symbol} may work at the venue, and this desk file has no such instrument");
        uint nextIncoming = state.NextIncoming;
        Run(state.Epoch, journalFolder, log, replay, ref nextIncoming);
        return new SessionRecovery(desk)
        {
            PositionUnits = [.. Enumerable.Range(0, desk.Portfolios.Length).Select(replay.PositionUnits)], Orders = [.. replay.Live()], NextIncoming = nextIncoming, Problems = problems,
        };
    }

    /// <summary>A fill that comes later than this many orders after its own finds it no more, as in a gate of so many records.</summary>
    private const int OrderTableRecords = 1 << 16;

    private static bool Restore(Desk desk, OrderReplay replay, SessionOrder order)
    {
        int instrument = Array.FindIndex(desk.Instruments, i => i.Symbol == order.Symbol);
        if (instrument < 0) return false;
        int portfolio = Array.FindIndex(desk.Portfolios, p => p.Name == order.Portfolio);
        // Whose portfolio is gone belongs to the first that hedges with the instrument, or to the first of all: the order has to count, and be withdrawn, somewhere.
        if (portfolio < 0) portfolio = Math.Max(0, Array.FindIndex(desk.Portfolios, p => p.Instrument == instrument));
        var e = default(RingEvent);
        RingEvent.Begin(ref e, EventKind.OrderRestored, (ushort)instrument, 0, 0, 0);
        ref Execution x = ref RingEvent.AsExecution(ref e);
        (x.Side, x.ExecutionKind, x.ClientOrderId) = (Enum.Parse<Side>(order.Side), Enum.Parse<ExecutionKind>(order.Kind), order.Id);
        (x.LastPriceUnits, x.LastQuantityUnits, x.CumulativeQuantityUnits) = (order.PriceUnits, order.QuantityUnits, order.FilledUnits);
        (x.Reason, x.SessionSequence) = ((ushort)portfolio, (uint)Enum.Parse<TimeInForce>(order.TimeInForce));
        return replay.Restore(in x);
    }

    /// <summary>Requests and answers of the run in one order: a request was approved on the event whose sequence it bears, and is answered by a later one.</summary>
    private static void Run(ulong epoch, string journalFolder, OrderLog log, OrderReplay replay, ref uint nextIncoming)
    {
        int next = 0;
        using JournalReader? journal = JournalOf(epoch, journalFolder);
        if (journal is not null)
        {
            RingEvent e = default;
            while (true)
            {
                long sequence = journal.NextSequence;
                if (journal.Read(ref e) != JournalRead.Event) break;
                if (e.Kind is not (EventKind.ExecutionReported or EventKind.OrderUnsent)) continue;
                OpenBefore(sequence, epoch, log, replay, ref next);
                ref Execution x = ref RingEvent.AsExecution(ref e);
                if (e.Kind == EventKind.OrderUnsent) replay.OnUnsent(in x);
                else
                {
                    replay.OnExecution(in x);
                    if (x.SessionSequence != 0) nextIncoming = x.SessionSequence + 1;
                }
            }
        }
        OpenBefore(long.MaxValue, epoch, log, replay, ref next);
    }

    private static void OpenBefore(long sequence, ulong epoch, OrderLog log, OrderReplay replay, ref int next)
    {
        for (; next < log.CountOfEarlierRuns; next++)
        {
            ref readonly OrderLogRecord r = ref log[next];
            if (r.ClientOrderId / OrderLog.IdsPerEpoch != epoch) continue;
            if (r.RingSequence >= sequence) return;
            var request = new OrderIntent
            {
                Kind = r.Kind, Side = r.Side, TimeInForce = r.TimeInForce, Instrument = r.Instrument, Portfolio = r.Portfolio, PriceUnits = r.PriceUnits, QuantityUnits = r.QuantityUnits,
                ClientOrderId = r.ClientOrderId, OriginalClientOrderId = r.OriginalClientOrderId, RingSequence = r.RingSequence, TimeUtcNs = r.TimeUtcNs,
            };
            replay.Open(in request);
            // Its bytes are known not to have left, and the event that says so may not have reached the journal.
            if (r.State == OrderLogState.Unsent) replay.OnUnsent(new Execution { Kind = EventKind.OrderUnsent, ClientOrderId = r.ClientOrderId });
        }
    }

    private static JournalReader? JournalOf(ulong epoch, string folder)
    {
        foreach (string file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.journal") : [])
        {
            var reader = JournalReader.TryOpen(file, out _);
            if (reader is null) continue;
            if (reader.Header.OrderIdEpoch == epoch) return reader;
            reader.Dispose();
        }
        return null;
    }

    /// <summary>The run's opening positions are those that the earlier run ended with, whatever the desk file says.</summary>
    public FlowOptions Apply(FlowOptions options) => options with { Portfolios = [.. options.Portfolios.Select((p, i) => p with { OpeningHedgeUnits = PositionUnits[i] })] };

    /// <summary>The state that a run begins with, for its own successor.</summary>
    public static SessionState StateOf(Desk desk, FlowOptions options, IReadOnlyList<RingEvent> orders, ulong epoch, uint nextIncoming) => new(epoch, nextIncoming, [.. desk.Instruments.Select(i => i.Symbol)],
        [.. options.Portfolios.Select(p => new SessionPosition(p.Name, desk.Instruments[p.Instrument].Symbol, p.OpeningHedgeUnits))],
        [.. orders.Select(e =>
        {
            ref Execution x = ref RingEvent.AsExecution(ref e);
            return new SessionOrder(x.ExecutionKind.ToString(), x.ClientOrderId, desk.Instruments[x.Instrument].Symbol, desk.Portfolios[x.Reason].Name, x.Side.ToString(), ((TimeInForce)x.SessionSequence).ToString(),
                x.LastPriceUnits, x.LastQuantityUnits, x.CumulativeQuantityUnits);
        })]);

    public IEnumerable<string> Describe()
    {
        int orders = Orders.Count(e => Kind(e) is ExecutionKind.New or ExecutionKind.PendingNew), unanswered = Orders.Count(e => Kind(e) != ExecutionKind.New);
        yield return $"an earlier run of this session is taken up: {string.Join(", ", _desk.Portfolios.Select((p, i) => $"{p.Name} {(decimal)PositionUnits[i] / _desk.Instruments[p.Instrument].QuantityUnitsPerOne}"))}; {orders} orders may work, {unanswered} requests are unanswered; the venue is asked about each before anything new is sent";
        foreach (string problem in Problems) yield return problem;

        static ExecutionKind Kind(RingEvent e) => RingEvent.AsExecution(ref e).ExecutionKind;
    }
}
