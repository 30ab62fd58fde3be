using System.Globalization;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Host.Board;
using Appliance.Host.Configuration;
using Appliance.Host.Threads;
using Appliance.Risk;

namespace Appliance.Host.Composition;

/// <summary>
/// The host's side of the control path, on the supervisor's thread: a request from shared memory is judged, written to the audit log, and only then handed to the ingest loop, which makes
/// it an event of the ring. The gate changes when it meets that event, and a replay at the same place.
/// </summary>
internal sealed class Operators(Desk desk, Gate gate, AuditLog audit, CommandSlot slot, RunSwitches switches, Func<FoundOrders?> found, KillSwitch kill)
{
    private readonly Dictionary<(LimitKey, string), double> _deskValues = [];
    private ControlEvent? _waiting;
    private bool _pauses;

    /// <summary>Trading is paused by the host itself, on the same road as by a person: recorded, then an event of the ring.</summary>
    public void PauseFor(string cause)
    {
        audit.Append(new AuditEntry { AtUtc = DateTime.UtcNow, By = cause, Command = OperatorCommand.Pause });
        ControlEvent pause = CommandSlot.Make(OperatorCommand.Pause, by: cause);
        // What waits for room in the ring comes first, and then the pause, which nothing may keep back: a second pause does no harm.
        if (_waiting is not null || !slot.TryPut(in pause)) _pauses = true;
    }

    /// <summary>One turn: takes at most one request.</summary>
    public void Turn(ref OperatorDesk requests)
    {
        // The ring was too full for the last command: it goes first, and the answer waits for it.
        if (_waiting is { } waiting)
        {
            if (!slot.TryPut(in waiting)) return;
            _waiting = null;
        }
        if (_pauses)
        {
            ControlEvent pause = CommandSlot.Make(OperatorCommand.Pause, by: "host");
            if (!slot.TryPut(in pause)) return;
            _pauses = false;
        }
        if (!requests.TryTake(out OperatorRequest request)) return;
        string by = request.Operator.Get(), target = request.Target.Get();
        string? refused = Judge(in request, by, target, out ControlEvent command, out AuditEntry entry);
        audit.Append(entry with { Refused = refused ?? "" });
        if (refused is not null)
        {
            requests.Reply(OperatorAnswer.Refused, refused);
            return;
        }
        if (request.Command == OperatorCommand.Stop) switches.StopRequested = true;
        // A kill is carried out by the flag and the command word, which need no supervisor; here it is only recorded.
        else if (request.Command != OperatorCommand.Kill && !slot.TryPut(in command)) _waiting = command;
        requests.Reply(OperatorAnswer.Done, request.Command == OperatorCommand.SetLimit
            ? string.Create(CultureInfo.InvariantCulture, $"{AuditLog.Camel(request.Key.ToString())} of {(target == "" ? "all" : target)}: {entry.Old:R} to {entry.New:R}")
            : AuditLog.Camel(request.Command.ToString()) + (target == "" ? "" : $" {target}")
                + (request.Command == OperatorCommand.Enable && target == "" && gate.IsDailyLossAtLimit ? " (the daily loss is at its limit and stops on: raise maxDailyLoss, then enable all again)" : ""));
    }

    private string? Judge(in OperatorRequest request, string by, string target, out ControlEvent command, out AuditEntry entry)
    {
        command = default;
        entry = new AuditEntry { AtUtc = DateTime.UtcNow, By = by, Command = request.Command, Key = request.Key, Target = target, New = request.Value };
        if (!LimitSettings.IsOperatorName(by)) return "no operator's name";
        if (request.Command != OperatorCommand.Kill && desk.Limits.Operators.Count > 0 && !desk.Limits.Operators.Contains(by)) return $"{by} is not one of limits.operators";
        ulong unknown = 0;
        // What has no effect is not to look done in the audit.
        if (request.Command == OperatorCommand.Resume && kill.IsSet) return "a kill is not taken back while the host lives: stop it, remove any KILL file, and start it again";
        if (request.Command == OperatorCommand.Resume && switches.StopRequested) return "the run is ending; start it again";
        ushort instrument = RingEvent.AllInstruments, portfolio = RingEvent.AllPortfolios;
        bool isOfInstrument = request.Command == OperatorCommand.SetLimit && request.Key is >= LimitKey.MaxOrderQuantity and <= LimitKey.Restricted;
        bool isOfPortfolio = request.Command is OperatorCommand.Enable or OperatorCommand.ResetProtection || request.Command == OperatorCommand.SetLimit && request.Key >= LimitKey.MaxHedge;
        if (target != "" && isOfInstrument)
        {
            int found = Array.FindIndex(desk.Instruments, i => i.Symbol == target);
            if (found < 0) return $"there is no instrument {target}";
            instrument = (ushort)found;
        }
        else if (target != "" && isOfPortfolio)
        {
            int found = Array.FindIndex(desk.Portfolios, p => p.Name == target);
            if (found < 0) return $"there is no portfolio {target}";
            portfolio = (ushort)found;
        }
        else if (request.Command == OperatorCommand.CancelUnknown)
        {
            if (!desk.Fix.MassStatus) return "the desk file's venue.massStatus is false, so no unknown order can have been found";
            // Without a name all of them.
            if (target != "" && (unknown = IdOf(target)) == 0) return $"no unknown order {target} was found at the venue";
        }
        else if (target != "") return "this concerns the whole desk; leave the target out";
        if (request.Command == OperatorCommand.SetLimit)
        {
            var change = new LimitChange(request.Key, instrument, portfolio, request.Value);
            // A refusal, too, is recorded beside what stands.
            double old = gate.Current(request.Key, instrument, portfolio);
            if (!double.IsNaN(old)) entry = entry with { Old = old, Desk = DeskValue(request.Key, target) };
            if (gate.Problem(in change) is { } problem) return problem;
        }
        else if (request.Command is not (OperatorCommand.Kill or OperatorCommand.Pause or OperatorCommand.Resume or OperatorCommand.Stop or OperatorCommand.Resolved
            or OperatorCommand.Enable or OperatorCommand.ResetProtection or OperatorCommand.AcceptClock or OperatorCommand.CancelUnknown)) return "there is no such command";
        command = CommandSlot.Make(request.Command, request.Key, instrument, portfolio, request.Value, by);
        if (request.Command == OperatorCommand.CancelUnknown) command.Value1 = (long)unknown;
        return null;
    }

    /// <summary>The ring's number of an order that goes by another name at the venue.</summary>
    private ulong IdOf(string name)
    {
        ulong id = found()?.Find(System.Text.Encoding.ASCII.GetBytes(name)) ?? 0;
        return id != 0 ? id : ulong.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : 0;
    }

    private double DeskValue(LimitKey key, string target) => _deskValues.GetValueOrDefault((key, target), double.NaN);

    /// <summary>What the desk file says of every limit, read from the gate before anything changed it, and the events that bring back the changes that still stand.</summary>
    public RingEvent[] Restore(List<string> warnings)
    {
        string[] symbols = ["", .. desk.Instruments.Select(i => i.Symbol)], portfolios = ["", .. desk.Portfolios.Select(p => p.Name)];
        foreach (LimitKey key in Enum.GetValues<LimitKey>().Where(k => k != LimitKey.None))
        {
            string[] targets = key <= LimitKey.Restricted ? symbols : key >= LimitKey.MaxHedge ? portfolios : [""];
            foreach (string target in targets) _deskValues[(key, target)] = gate.Current(key, Index(symbols, target), Index(portfolios, target));
        }
        var events = new List<RingEvent>();
        foreach (AuditEntry entry in audit.Standing(DeskValue, warnings))
        {
            ushort instrument = entry.Key <= LimitKey.Restricted ? Index(symbols, entry.Target) : RingEvent.AllInstruments;
            ushort portfolio = entry.Key >= LimitKey.MaxHedge ? Index(portfolios, entry.Target) : RingEvent.AllPortfolios;
            if (gate.Problem(new LimitChange(entry.Key, instrument, portfolio, entry.New)) is { } problem)
            {
                warnings.Add($"limit {AuditLog.Camel(entry.Key.ToString())}: the change by {entry.By} cannot be restored: {problem}");
                continue;
            }
            ControlEvent command = CommandSlot.Make(OperatorCommand.SetLimit, entry.Key, instrument, portfolio, entry.New, entry.By);
            events.Add(System.Runtime.CompilerServices.Unsafe.As<ControlEvent, RingEvent>(ref command));
        }
        return [.. events];

        static ushort Index(string[] names, string name) => name == "" || Array.IndexOf(names, name) is not (> 0 and var at) ? ushort.MaxValue : (ushort)(at - 1);
    }
}
