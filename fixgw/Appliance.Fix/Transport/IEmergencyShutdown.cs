namespace Appliance.Fix;

/// <summary>
/// The watchdog's lever, for when the thread that owns a gateway is stuck: shuts the order socket down, at once and for good. Safe from any thread, at any time.
/// The venue sees the connection end; cancel-on-disconnect does the rest.
/// </summary>
public interface IEmergencyShutdown
{
    void ShutdownNow();
    bool WasShutDown { get; }
}
