namespace Appliance.Contract;

/// <summary>
/// The stages between a packet's receipt and its order's departure. Each stage's histogram holds the time from the stamp before it to its own;
/// TickToOrder is received → encoded and TickToSent received → sent, over events that made an order.
/// </summary>
public enum Stage { Decoded, Consumed, Featured, Priced, Decided, Gated, Encoded, Sent, TickToOrder, TickToSent }

/// <summary>A histogram a stage. Written by the deciding and sending thread.</summary>
public sealed class StageLatency
{
    public static readonly int StageCount = Enum.GetValues<Stage>().Length;

    private readonly HdrHistogram[] _histograms = new HdrHistogram[StageCount];

    public StageLatency(long highestNs = 60_000_000_000)
    {
        for (int i = 0; i < _histograms.Length; i++)
            _histograms[i] = new HdrHistogram(highestNs);
    }

    public HdrHistogram this[Stage stage] => _histograms[(int)stage];

    public void Reset()
    {
        foreach (var histogram in _histograms)
            histogram.Reset();
    }

    /// <summary>The stage's name in reports.</summary>
    public static string NameOf(Stage stage) => stage switch
    {
        Stage.Decoded => "decoded",
        Stage.Consumed => "consumed",
        Stage.Featured => "featured",
        Stage.Priced => "priced",
        Stage.Decided => "decided",
        Stage.Gated => "gated",
        Stage.Encoded => "encoded",
        Stage.Sent => "sent",
        Stage.TickToOrder => "tickToOrder",
        Stage.TickToSent => "tickToSent",
        _ => throw new ArgumentOutOfRangeException(nameof(stage)),
    };
}
