using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Host.Composition;

/// <summary>The FIX gateway without its type parameters, for everything that is not hot.</summary>
internal interface IFixGatewayView : IEmergencyShutdown
{
    bool IsUp { get; }
    FixSessionState State { get; }
    void Logout(long monotonicNs, long utcNs);
    void Poll(long monotonicNs, long utcNs);
    /// <summary>Names of orders that a mass status found; null where the gateway asks for none. Any thread may read it.</summary>
    FoundOrders? Found => null;
    IEnumerable<(string, string)> Facts();
}

internal sealed class FixGatewayView<TSink>(FixOrderGateway<TSink, HostMonotonicClock> gateway, FixVersion version) : IFixGatewayView, IWatchedSession where TSink : struct, IEventSink
{
    public bool IsUp => gateway.IsUp;
    public FixSessionState State => gateway.State;
    public bool WasShutDown => gateway.WasShutDown;
    public void ShutdownNow() => gateway.ShutdownNow();
    public void Logout(long monotonicNs, long utcNs) => gateway.Logout(monotonicNs, utcNs);
    public void Poll(long monotonicNs, long utcNs) => gateway.Poll(monotonicNs, utcNs);

    public FoundOrders? Found => gateway.Found;
    public string? LastConnectError => gateway.LastConnectError;
    public FixSessionCounters Counters => gateway.SessionCounters;

    public IEnumerable<(string, string)> Facts()
    {
        var (outgoing, incoming) = gateway.NextSequences;
        yield return ("version", version.Name);
        yield return ("connects", gateway.Counters.Connects.ToString());
        yield return ("reports", gateway.Counters.Reports.ToString());
        yield return ("unknownCorrections", gateway.Counters.UnknownCorrections.ToString());
        if (gateway.Counters.MassStatusReports > 0) yield return ("massStatusReports", gateway.Counters.MassStatusReports.ToString());
        if (gateway.Counters.UnnamedOrders > 0) yield return ("unnamedOrders", gateway.Counters.UnnamedOrders.ToString());
        if (gateway.SessionCounters.MissedForGood > 0) yield return ("missedForGood", gateway.SessionCounters.MissedForGood.ToString());
        yield return ("nextOutgoing", outgoing.ToString());
        yield return ("nextIncoming", incoming.ToString());
        if (gateway.Store.RecycledEarly > 0) yield return ("storeRecycledEarly", gateway.Store.RecycledEarly.ToString());
        if (gateway.Store.GrowthError > 0) yield return ("storeGrowthError", gateway.Store.GrowthError.ToString());
        if (gateway.Store.FlushFailures > 0) yield return ("storeFlushFailures", gateway.Store.FlushFailures.ToString());
        if (gateway.Store.DamagedPlaces > 0) yield return ("storeDamagedPlaces", gateway.Store.DamagedPlaces.ToString());
        if (gateway.MessageLog is { } log)
        {
            yield return ("messageLinesWritten", log.LinesWritten.ToString());
            yield return ("messageLinesLost", log.LinesLost.ToString());
            if (log.LastError is { } problem) yield return ("messageLogError", problem);
        }
        if (gateway.SessionCounters.LastDownReason is var reason and not FixDownReason.None) yield return ("lastDownReason", reason.ToString());
        if (gateway.LastConnectError is { } error) yield return ("lastConnectError", error);
    }
}
