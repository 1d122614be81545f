//! Distances on the globe.

/// Kilometres from the middle of the Earth.
pub const EARTH_KM: f64 = 6371.0;

/// Degrees north and east between which everything lies that is so near.
#[derive(Clone, Debug, PartialEq)]
pub struct Around {
    /// From and to.
    pub lat: (f64, f64),
    /// From and to, once or on both sides of the date line; none: all around, since a pole is near.
    pub lon: Vec<(f64, f64)>,
}

/// `km` around a point.
pub fn around(lat: f64, lon: f64, km: f64) -> Around {
    // A little more, so that rounding leaves nothing out.
    let angle = km * 1.001 / EARTH_KM;
    let north_south = (lat - angle.to_degrees(), lat + angle.to_degrees());
    if north_south.0 <= -90.0 || north_south.1 >= 90.0 {
        return Around { lat: north_south, lon: Vec::new() };
    }
    // The circle is widest a bit nearer to the pole than its middle.
    let width = (angle.sin() / lat.to_radians().cos()).min(1.0).asin().to_degrees();
    let (west, east) = (lon - width, lon + width);
    let lon = if west < -180.0 {
        vec![(west + 360.0, 180.0), (-180.0, east)]
    } else if east > 180.0 {
        vec![(west, 180.0), (-180.0, east - 360.0)]
    } else {
        vec![(west, east)]
    };
    Around { lat: north_south, lon }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_of_longitude_are_shorter_in_the_north() {
        let berlin = around(52.5, 13.4, 10.0);
        assert!((berlin.lat.1 - berlin.lat.0 - 0.18).abs() < 0.001, "{berlin:?}");
        assert!((berlin.lon[0].1 - berlin.lon[0].0 - 0.296).abs() < 0.001, "{berlin:?}");
    }

    #[test]
    fn the_circle_is_widest_nearer_to_the_pole() {
        let svalbard = around(78.3, 0.0, 200.0 / 1.001);
        let (_, east) = svalbard.lon[0];
        // 1.7986 degrees over cos(78.3°), without that, are 8.869.
        assert!((east - 8.904).abs() < 0.002, "{east}");
    }

    #[test]
    fn poles_and_date_line() {
        assert_eq!(around(89.99, 0.0, 10.0).lon, []);
        assert_eq!(around(-90.0, 0.0, 0.1).lon, []);
        let [west, east] = around(0.0, 179.99, 10.0).lon.try_into().unwrap();
        assert!(west.0 > 179.8 && (west.1 - 180.0).abs() < 1e-9 && (east.0 + 180.0).abs() < 1e-9 && east.1 < -179.9);
        assert_eq!(around(0.0, -179.99, 10.0).lon.len(), 2);
    }
}
