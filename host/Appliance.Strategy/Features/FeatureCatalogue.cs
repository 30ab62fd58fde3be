namespace Appliance.Strategy.Features;

/// <summary>
/// Every number that a policy may name in its ordered feature list. The values are indexes into a feature vector and may be renumbered:
/// files hold the names (<see cref="FeatureCatalogue"/>), never the numbers.
/// </summary>
public enum FeatureId : byte
{
    // Of the hedge instrument's market: Appliance.Strategy.Features.InstrumentFeatures.

    /// <summary>"mid": quote currency. <see cref="InstrumentFeatures.Mid"/>.</summary>
    Mid,
    /// <summary>"microprice": quote currency. <see cref="InstrumentFeatures.Microprice"/>.</summary>
    Microprice,
    /// <summary>"micropriceOffset": (microprice − mid) / mid, a pure number: the microprice in a form that a network trained at another price level can read.</summary>
    MicropriceOffset,
    /// <summary>"imbalance": pure number in [−1, 1]. <see cref="InstrumentFeatures.Imbalance"/>.</summary>
    Imbalance,
    /// <summary>"ewmaVolatility": per √year. <see cref="InstrumentFeatures.EwmaVolatility"/>.</summary>
    EwmaVolatility,
    /// <summary>"signedFlow": 1.0 of the instrument. <see cref="InstrumentFeatures.SignedFlow"/>.</summary>
    SignedFlow,
    /// <summary>"relativeSpread": pure number. <see cref="InstrumentFeatures.RelativeSpread"/>.</summary>
    RelativeSpread,

    // Of the portfolio: its options and its hedge.

    /// <summary>"spot": quote currency; the price of the underlying at which the Greeks stand.</summary>
    Spot,
    /// <summary>"delta": sum over options of position × Black-Scholes delta, in 1.0 of the underlying, without the hedge.</summary>
    Delta,
    /// <summary>"gamma": delta's derivative to spot, in 1.0 of the underlying per 1.0 of quote currency.</summary>
    Gamma,
    /// <summary>"vega": value's derivative to volatility, quote currency per 1.00 of volatility.</summary>
    Vega,
    /// <summary>"theta": value's derivative to calendar time, quote currency per year.</summary>
    Theta,
    /// <summary>"value": the options' value at the desk's volatility marks, quote currency.</summary>
    Value,
    /// <summary>"hedgePosition": what is held of the hedge instrument, in 1.0 of it, signed.</summary>
    HedgePosition,
    /// <summary>
    /// "hedgeRatio": −hedgePosition × contract size / delta, a pure number: 1 when the options' delta is wholly hedged; 0 where delta is 0.
    /// Deep hedging feeds the held position back into the network: Buehler, Gonon, Teichmann and Wood, "Deep hedging", Quantitative Finance 19 (2019), section 4.
    /// </summary>
    HedgeRatio,
    /// <summary>"yearsToExpiry": years (of 365 days) to expiry, as the portfolio state defines it for a book of several expiries.</summary>
    YearsToExpiry,
    /// <summary>"moneyness": ln(spot / strike) of the portfolio's reference strike, a pure number; 0 where the portfolio names none.</summary>
    Moneyness,
    /// <summary>
    /// "accruedPnl": gains of the hedge at the mid less all costs, since the start, quote currency; the options and their premium are not in it. What a policy for a tail objective needs to
    /// know of its past: Buehler, Gonon, Teichmann and Wood (2019), section 3.
    /// </summary>
    AccruedPnl,
}

/// <summary>
/// The names of features in policy files, and their index in a feature vector. A new feature is one member of <see cref="FeatureId"/>, with its
/// unit and source, and one line here; the policy that reads it gathers it by its index.
/// </summary>
public static class FeatureCatalogue
{
    private static readonly string[] _names =
    [
        "mid", "microprice", "micropriceOffset", "imbalance", "ewmaVolatility", "signedFlow", "relativeSpread",
        "spot", "delta", "gamma", "vega", "theta", "value", "hedgePosition", "hedgeRatio", "yearsToExpiry", "moneyness", "accruedPnl",
    ];

    /// <summary>How many features there are; the length of a full feature vector.</summary>
    public static int Count => _names.Length;

    /// <summary>All names, in the order of <see cref="FeatureId"/>.</summary>
    public static ReadOnlySpan<string> Names => _names;

    public static string NameOf(FeatureId feature) => _names[(int)feature];

    /// <summary>Each hedge has one of its own: a policy of several hedges says which it reads.</summary>
    public static bool IsOfHedge(FeatureId feature) => feature is FeatureId.Mid or FeatureId.HedgePosition;

    /// <summary>Finds a feature by its name, which may say of which hedge it is: "hedgePosition[1]" is what is held of the second. −1 where it says none.</summary>
    public static bool TryFind(string text, out FeatureId feature, out int hedge)
    {
        hedge = -1;
        int bracket = text.IndexOf('[');
        if (bracket < 0) return TryFind(text, out feature);
        bool whole = text.EndsWith(']') && int.TryParse(text.AsSpan(bracket + 1, text.Length - bracket - 2), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out hedge);
        return TryFind(text[..bracket], out feature) && whole && IsOfHedge(feature);
    }

    /// <summary>Finds a feature by its exact name (ordinal, case matters: files are written by programs).</summary>
    public static bool TryFind(string name, out FeatureId feature)
    {
        int index = Array.IndexOf(_names, name);
        feature = index < 0 ? default : (FeatureId)index;
        return index >= 0;
    }
}
