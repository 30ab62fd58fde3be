using Appliance.Contract;
using Appliance.Flow;
using Appliance.Host.Commands;
using Appliance.Host.Reports;
using Appliance.Ingest.Journal;
using Appliance.Risk;

namespace Appliance.Host.Composition;

/// <summary>The end of a run: figures gathered from the stages, the journal's footer, the report, the last lines on the terminal.</summary>
internal sealed partial class HostRun
{
    private RunResult Collect()
    {
        var c = _flow.Counters;
        string hash = _flow.Hash.CurrentHex();
        if (_journal is not null)
        {
            // Without a thread that wrote to the end there is no end to vouch for.
            if (_threads.All(t => !t.IsAlive && t.Failure is null)) _journal.Complete(Convert.FromHexString(hash), _flow.Hash.Orders, _flow.NowUtcNs);
            if (_journal.Status.IsLost) _warnings.Add($"the journal could not be written ({Native.Linux.Message(_journal.Status.FailedErrno)}); {_journal.Status.DroppedEvents:N0} events are not in it and new orders stopped there");
        }
        if (_profile.Topology == Configuration.Topology.Staged)
            foreach (var stage in new[] { Stage.Encoded, Stage.Sent, Stage.TickToOrder, Stage.TickToSent }) _latency[stage].Add(_gatewayLatency[stage]);
        if (!IsReplay && c.Kills > 0) _warnings.Add("trading was killed in mid-run: no new order left from then on");
        WarnOfSilentCapture();
        WarnOfIncompleteBooks();
        WarnOfLiveOrders();
        var (sent, unsent) = _sendCounts();
        ref readonly OrderTableCounters o = ref _flow.Gate.Orders.Counters;
        long hotBytes = _meters.Sum(m => m.AllocatedBytes);
        return new RunResult
        {
            Command = _request.Command, Desk = _desk.Name, Currency = _desk.Currency, Profile = _profile.Name, Topology = _profile.Topology.ToString().ToLowerInvariant(),
            Build = BuildIdentity.Build, InstructionSet = BuildIdentity.InstructionSet, ComputeBackend = _compute!.Name, Seconds = (_endedNs - _startedNs) / 1e9,
            Source = _source.Statistics, RingEvents = c.Events,
            Orders = new OrderCounts(c.Intents, _flow.Gate.Approved, c.Intents - _flow.Gate.Approved, sent, o.Fills, o.Cancelled, o.RejectedByVenue + o.AmendsRefused + o.CancelsRefused) { Unsent = unsent },
            Alarms = Alarms(in o), DropCopy = _venue.DropCopy?.Facts() ?? [],
            Portfolios = [.. _flow.Portfolios.ToArray().Select(Portfolio)],
            Account = StatementReader.Ours(_flow.Account, _desk.Instruments), Latency = _latency,
            Memory = new MemoryResult(_ticksInWindow > 0 ? (double)hotBytes / _ticksInWindow : 0, (int)_gc0InWindow, (int)_gc1InWindow, (int)_gc2InWindow,
                _meters.Sum(m => m.Usage.PageFaults), _meters.Sum(m => m.Usage.InvoluntarySwitches))
            { AllocatedBytesHot = hotBytes, AllocatedBytesProcess = _allocatedInWindow, WindowTicks = _ticksInWindow },
            DecisionsTotal = c.Decisions, DecisionsOnExpansion = c.DecisionsOnExpansion, OrdersSha256 = hash,
            GateRejects = [.. Enumerable.Range(1, GateVerdicts.Count - 1).Select(i => (GateVerdicts.Name((GateVerdict)i), _flow.Gate.Verdicts[i])).Where(r => r.Item2 > 0)],
            Market = Market(), Session = Session(c), Warnings = _warnings, Journal = _journalPath,
            Placement = IsReplay ? null : new PlacementResult(_profile.Hot.Core, Configuration.HardwareProfile.NameOf(_profile.Hot.Wait), _profile.PlacesItself, Configuration.AutoPlacement.Describe(_profile)),
            Statement = IsReplay ? null : _venue.Compare(_flow.Account, _desk.Instruments),
            ReplayVerdict = IsReplay ? ReplayVerdict(hash) : null,
        };
    }

    /// <summary>A capture of other symbols is read to its end without a word said to the desk.</summary>
    private void WarnOfSilentCapture()
    {
        if (IsReplay || IsLive || _flow.Counters.DecideMarks != 0 || _source.Statistics.Packets == 0) return;
        _warnings.Add($"the capture has nothing of the desk's instruments ({string.Join(", ", _desk.Instruments.Select(i => i.Symbol))}): nothing was decided; the desk file must name the capture's symbols");
    }

    /// <summary>A desk without orders must not look like a calm market: which books could not be traded on at the end, and why.</summary>
    private void WarnOfIncompleteBooks()
    {
        if (IsReplay || !IsLive || _flow.Market.Counters.BooksCleared == 0) return;
        string[] symbols = [.. _desk.Instruments.Where(i => _flow.Market.Top(i.Index).State == BookState.Incomplete).Select(i => i.Symbol)];
        if (symbols.Length == 0) return;
        var source = _source.Statistics;
        string why = source.Gaps == 0 ? "the feed was joined after its beginning" : $"{source.Gaps:N0} gaps lost {source.MissingMessages:N0} messages of the feed{(source.KernelDrops > 0 ? $", {source.KernelDrops:N0} datagrams dropped by the kernel" : "")}";
        _warnings.Add($"the books of {string.Join(", ", symbols)} were incomplete at the end ({why}); nothing is traded on them until the feed's sequence begins again");
    }

    /// <summary>An orderly end withdraws what works. What stands all the same must be looked after by somebody, by name.</summary>
    private void WarnOfLiveOrders()
    {
        var orders = _flow.Gate.Orders;
        if (IsReplay || orders.LiveCount == 0) return;
        _ordersLeft = true;
        const int named = 32;
        var ids = Enumerable.Range(0, Math.Min(orders.LiveCount, named)).Select(i => orders[orders.LiveSlot(i)].CurrentId).Order().Select(UnknownOrders.NameOf(_venue.Found));
        _warnings.Add($"the run ended with {orders.LiveCount} orders without a final answer: client order ids {string.Join(", ", ids)}{(orders.LiveCount > named ? ", ..." : "")}; they may stand at the venue");
    }

    /// <summary>What no healthy run shows. Each that is above zero is also a warning.</summary>
    private List<(string, long)> Alarms(in OrderTableCounters o)
    {
        long freezes = 0, invalidTargets = 0;
        foreach (var portfolio in _flow.Portfolios)
        {
            freezes += portfolio.Executor.Counters.Freezes;
            invalidTargets += portfolio.Executor.Counters.InvalidTargets;
        }
        List<(string Name, long Count)> alarms =
        [
            ("acknowledgementsOverdue", o.AcknowledgementsOverdue), ("instrumentsFrozen", freezes), ("invalidTargets", invalidTargets), ("unknownIds", o.UnknownIds), ("unknownFills", o.UnknownFills), ("unbookedExecutions", o.UnbookedExecutions),
            ("unknownOrders", o.UnknownOrders), ("unknownOrdersUntaken", o.UnknownOrdersUntaken), ("contradictedEnds", o.ContradictedEnds), ("massStatusUnanswered", _flow.Counters.MassStatusUnanswered + _flow.Counters.MassStatusRefused),
            ("lateFills", o.LateFills), ("inferredFills", o.InferredFills), ("overfills", o.Overfills), ("unsolicitedCancels", o.UnsolicitedCancels), ("bustedTrades", o.BustedTrades),
            ("correctedTrades", o.CorrectedTrades), ("malformedReports", o.Malformed), ("foreignFills", _flow.Account.ForeignFills),
        ];
        if (_venue.DropCopy is { } copy)
        {
            alarms.AddRange(copy.Alarms());
            NameDifferences(copy);
            if (copy.Problem is { } problem) _warnings.Add(problem);
        }
        foreach (var (name, count) in alarms)
            if (count > 0) _warnings.Add($"alarm {name}: {count}");
        return [.. alarms];
    }

    private static PortfolioResult Portfolio(PortfolioStage p)
    {
        var a = p.Account;
        var s = p.Series;
        int n = s.Count;
        double[] seconds = [.. s.TimeUtcNs.Take(n).Select(t => (t - s.TimeUtcNs[0]) / 1e9)];
        var instrument = a.HedgeInstrument;
        return new PortfolioResult(p.Name, instrument.Symbol, p.OptionCount, a.Pnl, a.OptionPnl, a.HedgePnl, a.Costs, a.Rebalances, a.AbsDeltaMean, a.AbsDeltaMax, a.ShareOfTimeInBand,
            a.UnhedgedPnlStdDev, a.HedgedPnlStdDev, new Series(seconds, s.Mid[..n], s.Hedge[..n], s.DeltaBefore[..n], s.DeltaAfter[..n], s.HedgedPnl[..n], s.UnhedgedPnl[..n]));
    }

    private List<(string, long)> Market() =>
    [
        .. typeof(Flow.Market.MarketCounters).GetFields().Select(f => (char.ToLowerInvariant(f.Name[0]) + f.Name[1..], (long)f.GetValue(_flow.Market.Counters)!)),
        .. typeof(FlowCounters).GetFields().Where(f => f.Name is nameof(FlowCounters.MarksSkipped) or nameof(FlowCounters.Timers) or nameof(FlowCounters.JournalBehind) or nameof(FlowCounters.Overloads) or nameof(FlowCounters.Kills))
            .Select(f => (char.ToLowerInvariant(f.Name[0]) + f.Name[1..], (long)f.GetValue(_flow.Counters)!)),
    ];

    private IReadOnlyList<(string Name, string Value)> Session(FlowCounters c)
    {
        var facts = _venue.Facts(c);
        if (_venue.OrderSession is { } where && c.SessionUps == 0)
            _warnings.Add($"the order session with {where} never came up ({_venue.Watch?.LastReason ?? facts.FirstOrDefault(f => f.Item1 == "lastConnectError").Item2 ?? "no connection failed, no logon was answered"}); nothing could be traded");
        return facts;
    }

    private string ReplayVerdict(string hash)
    {
        var source = (ITickSource)_source;
        var differences = _replayed!.Header.DifferencesTo(_replayed.Header with { Build = BuildIdentity.Build, InstructionSet = BuildIdentity.InstructionSet });
        string torn = source.Statistics.TornTail ? $" {source.Statistics.FirstError}." : "";
        if (source.Statistics.DecodeErrors > 0) return $"the journal is damaged: {source.Statistics.FirstError}";
        // The loops leave at the end of input; the footer behind it may still be unread.
        RingEvent e = default;
        while (_replayed.SawEndOfInput && !_replayed.SawFooter && _replayed.Read(ref e) == JournalRead.Event) { }
        var footer = _replayed.SawFooter ? FooterHash() : null;
        if (footer is null) return $"replayed what the journal holds; it has no footer to compare with, for the recording did not end in order.{torn}";
        _replayDiffers = footer != hash;
        if (differences.Count > 0) return (footer == hash ? "the orders have the recorded hash, though not recorded alike: " : "the orders differ from the recorded ones: ") + string.Join("; ", differences);
        return footer == hash ? "equal: the same orders as recorded" : $"different: recorded {footer}, replayed {hash}";
    }

    private string FooterHash()
    {
        RingEvent footer = _replayed!.Footer;
        return Convert.ToHexStringLower(RunFooter.In(ref footer).OrdersSha256);
    }

    private int Conclude(RunResult result, int code)
    {
        ReadStages();
        Show(_endedNs);
        _snapshot.Stopped = 1;
        _board.Publish(in _snapshot);
        _companions?.WaitForConsole();
        if (_request.Report is { } report)
        {
            JsonReport.Write(report, result);
            HtmlReport.Write(Path.ChangeExtension(report, ".html"), result);
            using var hgrm = new StreamWriter(Path.ChangeExtension(report, ".hgrm"));
            result.Latency[Stage.TickToOrder].WriteHgrm(hgrm);
        }
        if (_ordersLeft || _venueFailed || _threads.Any(t => t.Failure is not null)) code = ExitCode.Failed;
        if (result.Statement is { Available: true, Equal: false }) code = ExitCode.Failed;
        if (IsReplay && (result.Source.DecodeErrors > 0 || _replayDiffers)) code = ExitCode.Failed;
        if (!_request.Quiet) RunSummary.Print(result, _request.Report);
        else foreach (string warning in result.Warnings) Console.Error.WriteLine($"warning    {warning}");
        return code;
    }
}
