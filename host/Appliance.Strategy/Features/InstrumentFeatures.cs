namespace Appliance.Strategy.Features;

/// <summary>
/// What the market says of one instrument, as numbers that a policy may read. All are as of the instrument's last decide mark at which its
/// book was ready; while the book is not ready the last values stay. <see cref="FeatureTracker"/> holds the update rules and their sources.
/// </summary>
public struct InstrumentFeatures
{
    /// <summary>(best bid + best ask) / 2, in quote currency per 1.0 of the instrument. 0 until the book was first ready.</summary>
    public double Mid;
    /// <summary>
    /// The size-weighted mid (bid·askSize + ask·bidSize) / (bidSize + askSize), in quote currency: nearer to the side with less resting on it.
    /// Source: Gatheral and Oomen, "Zero-intelligence realized variance estimation", Finance and Stochastics 14 (2010), section 2;
    /// the first-order case of Stoikov, "The micro-price", Quantitative Finance 18 (2018).
    /// </summary>
    public double Microprice;
    /// <summary>
    /// (bidSize − askSize) / (bidSize + askSize) at the best prices, in [−1, 1]; above zero when buyers queue.
    /// Source: Gould and Bonart, "Queue imbalance as a one-tick-ahead price predictor in a limit order book", Market Microstructure and Liquidity 2 (2016), equation 1.
    /// </summary>
    public double Imbalance;
    /// <summary>Annualised exponentially weighted volatility of sampled mid returns, per √year; 0 until the first return was sampled.</summary>
    public double EwmaVolatility;
    /// <summary>Exponentially decayed sum of traded quantity, buyer-initiated less seller-initiated, in 1.0 of the instrument.</summary>
    public double SignedFlow;
    /// <summary>(best ask − best bid) / mid: the cost of a round trip as a share of the price.</summary>
    public double RelativeSpread;
}
