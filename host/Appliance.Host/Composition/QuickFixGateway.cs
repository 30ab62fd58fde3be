using Appliance.Contract;
using Appliance.Fix;
using Appliance.Fix.QuickFix;
using Appliance.Host.Configuration;

namespace Appliance.Host.Composition;

/// <summary>The host's order log, as the adapter asks for it.</summary>
internal sealed class QuickFixOrderRecord(OrderLog log) : IOrderRecord
{
    public bool HasRoomFor(OrderRequestKind kind) => log.HasRoomFor(kind);
    public void Append(in ApprovedOrder order, uint sequence) => log.TryAppend(in order, sequence);
}

/// <summary>QuickFIX/n's gateway, made from what the desk states.</summary>
internal static class QuickFixGateway
{
    /// <summary>Said once in every report of a run whose profile chooses this gateway.</summary>
    public const string Waiver = "gateway.implementation is \"quickfix\", which allocates with every message: the rule that a run collects no garbage is waived by this profile";

    /// <summary>What of the desk's session only the embedded gateway does, each with its cure.</summary>
    public static IEnumerable<string> Unsupported(Desk desk)
    {
        FixSettings fix = desk.Fix;
        foreach (var (key, seen, allowed) in new[]
        {
            ("validation.level", fix.Validation.Level != FixValidation.Off, "\"off\""), ("schedule.kind", fix.Schedule is not null, "\"always\""), ("nextExpectedSequence", fix.UseNextExpectedSequence, "false"),
            ("testSession", fix.TestSession, "false"), ("resendChunk", fix.ResendChunk != 0, "0"), ("massStatus", fix.MassStatus, "false"), ("dropCopy", fix.DropCopy is not null, "nothing"),
            ("logonSignature", fix.LogonSignature.Count > 0, "[]"), ("resendRequests", !fix.AsksForResends, "true"), ("tls", fix.Transport.Tls is not null, "nothing"), ("proxy", fix.Transport.Proxy is not null, "\"\""), ("backupHosts", fix.Transport.BackupHosts.Count > 0, "[]"),
        })
            if (seen) yield return $"{desk.File}: venue.{key}: allowed is {allowed} with the profile's gateway.implementation \"quickfix\"; \"embedded\" does more";
    }

    public static QuickFixGatewayOptions Options(FixSessionOptions o) => new()
    {
        Host = o.Host, Port = o.Port, SenderCompId = o.SenderCompId, TargetCompId = o.TargetCompId, BeginString = o.Version.BeginString, DefaultApplVerId = o.Version.DefaultApplVerId, Account = o.Account,
        HeartbeatSeconds = o.HeartbeatSeconds, ResetSequenceNumbersOnLogon = o.ResetSequenceNumbersOnLogon, ResendApplicationMessages = o.ResendApplicationMessages, LogonFields = o.LogonFields,
        HeaderFields = o.HeaderFields, OrderFields = o.OrderFields, Microseconds = o.Microseconds, StoreDirectory = o.StoreDirectory, NextIncomingAtMost = o.NextIncomingAtMost,
    };
}

internal sealed class QuickFixGatewayView(IQuickFixGateway gateway, FixVersion version) : IFixGatewayView
{
    public bool IsUp => gateway.IsUp;
    public FixSessionState State => gateway.IsUp ? FixSessionState.Up : gateway.IsLoggedOn ? FixSessionState.Synchronising : FixSessionState.Disconnected;
    public bool WasShutDown => gateway.WasShutDown;
    public void ShutdownNow() => gateway.ShutdownNow();
    public void Logout(long monotonicNs, long utcNs) => gateway.Logout();
    public void Poll(long monotonicNs, long utcNs) => gateway.Poll(monotonicNs, utcNs);

    public IEnumerable<(string, string)> Facts()
    {
        var (outgoing, incoming) = gateway.NextSequences;
        yield return ("implementation", "quickfix");
        yield return ("version", version.Name);
        yield return ("reports", gateway.Reports.ToString());
        yield return ("nextOutgoing", outgoing.ToString());
        yield return ("nextIncoming", incoming.ToString());
    }
}
