using System.Diagnostics;
using System.Globalization;
using Appliance.Contract;
using Appliance.Host.Board;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;

namespace Appliance.Host.Commands;

/// <summary>What `appliance console` asks of a running host, from its options to the host's answer.</summary>
internal static class OperatorRequests
{
    private static readonly string[] Words = ["kill", "pause", "resume", "stop", "resolved"];
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    /// <summary>The one request that the options make; null when they make none.</summary>
    public static OperatorRequest? Of(string? send, string? limit, string target, string? enable, string? reset, bool acceptClock, string? cancelUnknown, string by)
    {
        int asked = (send is null ? 0 : 1) + (limit is null ? 0 : 1) + (enable is null ? 0 : 1) + (reset is null ? 0 : 1) + (acceptClock ? 1 : 0) + (cancelUnknown is null ? 0 : 1);
        if (asked == 0) return target == "" ? null : throw new BadInputException($"--target: saw \"{target}\", allowed with --limit only");
        if (asked > 1) throw new BadInputException("console: saw several commands, allowed is one of --send, --limit, --enable, --reset-protection, --cancel-unknown and --accept-clock");
        if (limit is null && target != "") throw new BadInputException($"--target: saw \"{target}\", allowed with --limit only");
        if (!LimitSettings.IsOperatorName(by)) throw new BadInputException($"--by: saw \"{by}\", allowed are names of 1 to {LimitSettings.OperatorNameMax} printable ASCII characters without blanks and quotes");
        var request = new OperatorRequest();
        request.Operator.Set(by);
        if (send is not null)
        {
            if (Array.IndexOf(Words, send.ToLowerInvariant()) < 0) throw new BadInputException($"--send: saw \"{send}\", allowed are kill, pause, resume, stop and resolved");
            request.Command = Enum.Parse<OperatorCommand>(send, ignoreCase: true);
        }
        else if (limit is not null)
        {
            int at = limit.IndexOf('=');
            string name = at < 0 ? limit : limit[..at];
            LimitKey key = Enum.GetValues<LimitKey>().FirstOrDefault(k => k != LimitKey.None && AuditLog.Camel(k.ToString()) == name);
            if (key == LimitKey.None) throw new BadInputException($"--limit: saw \"{name}\", allowed are {string.Join(", ", Enum.GetValues<LimitKey>().Where(k => k != LimitKey.None).Select(k => AuditLog.Camel(k.ToString())))}");
            if (at < 0 || !double.TryParse(limit.AsSpan(at + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
                throw new BadInputException($"--limit: saw \"{limit}\", allowed is KEY=VALUE with a number, e.g. maxPosition=5000");
            (request.Command, request.Key, request.Value) = (OperatorCommand.SetLimit, key, value);
            request.Target.Set(target);
        }
        else if (cancelUnknown is not null)
        {
            if (cancelUnknown.Length > BoardText.MaxLength) throw new BadInputException($"--cancel-unknown: saw \"{cancelUnknown}\", allowed are identifiers of at most {BoardText.MaxLength} characters, or all");
            request.Command = OperatorCommand.CancelUnknown;
            request.Target.Set(cancelUnknown == "all" ? "" : cancelUnknown);
        }
        else if (acceptClock) request.Command = OperatorCommand.AcceptClock;
        else
        {
            string portfolio = (enable ?? reset)!;
            request.Command = enable is not null ? OperatorCommand.Enable : OperatorCommand.ResetProtection;
            request.Target.Set(portfolio == "all" ? "" : portfolio);
        }
        return request;
    }

    public static int Send(string folder, in OperatorRequest request)
    {
        string path = ConsoleCommand.BoardPath(folder);
        using var board = SharedBoard.TryOpen(path, out string? problem);
        if (board is null || !ConsoleCommand.IsAlive(board.HostProcess))
        {
            Console.Error.WriteLine(problem ?? $"{path}: the host that wrote it (process {board?.HostProcess}) runs no more");
            return ExitCode.Failed;
        }
        if (request.Command == OperatorCommand.Kill)
        {
            // The flag first: it is read before every send, without waiting for anything. Recording comes after.
            board.Kill.Set();
            board.Post(OperatorCommand.Kill);
        }
        string word = AuditLog.Camel(request.Command.ToString());
        var waited = Stopwatch.StartNew();
        int self = Environment.ProcessId;
        while (!board.Requests.TryPost(in request, self, ConsoleCommand.IsAlive))
        {
            if (waited.Elapsed > AnswerWithin) return Unanswered(request.Command, $"{path}: another console has the host's ear");
            Native.Linux.SleepMicroseconds(1_000);
        }
        try
        {
            while (!board.Requests.IsAnswered)
            {
                if (waited.Elapsed > AnswerWithin || !ConsoleCommand.IsAlive(board.HostProcess)) return Unanswered(request.Command, $"process {board.HostProcess} has not answered; its audit.log says whether it took the command");
                Native.Linux.SleepMicroseconds(1_000);
            }
            if (board.Requests.Answer == OperatorAnswer.Refused)
            {
                Console.Error.WriteLine($"{word}: refused by process {board.HostProcess}: {board.Requests.Text.Get()}");
                return ExitCode.Failed;
            }
            Console.WriteLine($"{board.Requests.Text.Get()} sent to process {board.HostProcess}");
            return ExitCode.Done;
        }
        finally { board.Requests.Leave(self); }
    }

    /// <summary>A kill has taken effect by its flag, recorded or not.</summary>
    private static int Unanswered(OperatorCommand command, string problem)
    {
        Console.Error.WriteLine(command == OperatorCommand.Kill ? $"kill: the flag is set, but it is not recorded: {problem}" : problem);
        return command == OperatorCommand.Kill ? ExitCode.Done : ExitCode.Failed;
    }
}
